import { expect, it } from 'vitest'
import { accessLines, rightWords } from './access-lines.ts'

const none = { gained: [], lost: [] }
const same = {
  entity: 'crm.leads:lead',
  label: 'Leads',
  records: { before: 4, after: 4, gained: 0, lost: 0 },
  fields: none,
  changes: none,
  operations: { ...none, changed: [] },
}
const keys = (one: Partial<typeof same>) =>
  accessLines({ ...same, ...one }).map(({ sign, key, n }) => `${sign}${key} ${n}`)

it('says nothing where nothing changes', () => {
  expect(keys({})).toEqual([])
})

it('counts records and names fields, and says of a condition only what the numbers do not', () => {
  const records = { before: 4, after: 216, gained: 214, lost: 2 }
  const operations = { gained: ['delete'], lost: [], changed: ['read', 'update'] }
  expect(keys({ records, operations } as never)).toEqual([
    '+gained.delete 1',
    '+records.gained 214',
    '-records.lost 2',
    '~changed.update 1',
  ])
  expect(keys({ operations: { ...none, changed: ['read'] } } as never)).toEqual(['~changed.read 1'])
  const [line] = accessLines({ ...same, fields: { gained: [], lost: ['Budget', 'Score'] } })
  expect(line).toEqual({ sign: '-', key: 'fields.lost', n: 2, names: ['Budget', 'Score'] })
})

it('has words for every right, and asks for the name of an action', () => {
  expect(rightWords('studio:write')).toEqual({ key: 'studioWrite' })
  expect(rightWords('actions:*')).toEqual({ key: 'actions' })
  expect(rightWords('actions:crm.leads:convert')).toEqual({ action: 'crm.leads:convert' })
  expect(rightWords('constructor')).toEqual({})
})
