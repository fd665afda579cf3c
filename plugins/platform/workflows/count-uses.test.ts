import { expect, it } from 'vitest'
import { countUses } from './count-uses.ts'

it('what a run would come to is added up by entity, by kind and by unit', () => {
  const lead = (op: 'create' | 'update') => ({ entity: 'crm.leads:lead', op })
  const sms = { requests: 1, cost: { unit: 'USD', amount: 0.1 } }
  expect(
    countUses(
      [lead('create'), lead('update'), lead('update')],
      [
        sms,
        { ...sms, cost: { unit: 'USD', amount: 0.2 } },
        { mails: 2 },
        { notifications: 3, runs: 1 },
      ],
    ),
  ).toEqual({
    writes: [{ entity: 'crm.leads:lead', create: 1, update: 2, delete: 0, restore: 0 }],
    ...{ mails: 2, requests: 2, notifications: 3, runs: 1 },
    spent: [{ unit: 'USD', amount: 0.3 }],
  })
})
