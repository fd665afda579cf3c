import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

/** What workflows work out, whom they tell, who starts them, and what of them is taken back or forgotten. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
})
afterAll(() => app?.stop())

const run = async (workflow: string, body: object = {}): Promise<string> =>
  (await flows.ask('POST', `/workflows/${workflow}/run`, body)).runs[0]
const make = (plural: string, values: object): Promise<Json> =>
  flows.ask('POST', `/${plural}`, values)

describe('a formula', () => {
  const formula = (text: string, more: object = {}) => ({
    label: 'Commission',
    entity: 'crm.opportunities:opportunity',
    triggers: { hand: trigger('manual') },
    start: 'share',
    steps: {
      share: step('set', { values: { share: '{{ trigger.payload.share }}' } }, { next: 'work' }),
      work: step('formula', { formula: text, variable: 'due' }, { next: 'day', ...more }),
      day: step(
        'formula',
        { formula: 'date_add(record.closeDate, steps.work.output, "d")' },
        { next: 'end' },
      ),
      end: step('stop', { result: { due: '{{ vars.due }}', day: '{{ steps.day.output }}' } }),
    },
  })

  it('is worked out over the record, kept values and what steps gave, as computed fields are', async () => {
    await flows.publish({ due: formula('round(record.value * vars.share / 100)') })
    const deal = await make('opportunities', {
      name: 'Boat',
      value: { amount: '1054.00', currency: 'USD' },
      closeDate: '2026-02-20',
    })
    const records = { entity: 'opportunities', ids: [deal.id] }
    const id = await run('t:due', { records, input: { share: 2 } })
    expect((await flows.becomes(id, 'done')).state.result).toEqual({ due: 21, day: '2026-03-13' })
    const failed = await run('t:due', { records, input: { share: 'two' } })
    const { state } = await flows.becomes(failed, 'failed')
    expect(state.failure).toMatchObject({ step: 'work', code: 'BAD_FORMULA' })
    expect(state.failure.message).toContain('Expected a number, not a text.')
  })

  it('that names no field or cannot be read is a problem at its place, and is not published', async () => {
    for (const [text, code] of [
      ['record.volume * 2', 'UNKNOWN_FIELD'],
      ['record.value *', 'BAD_FORMAT'],
      ['record.name * 2', 'BAD_FORMAT'],
      ['nothing.of.it', 'UNKNOWN_FIELD'],
    ]) {
      const value = formula(text!)
      const ops = [{ op: 'set', path: ['workflows', 'wrong'], value }]
      const answer = await org.call('PATCH', '/studio/draft', { ops })
      expect(answer.statusCode).toBe(422)
      expect(answer.json<Json>().errors).toEqual([
        expect.objectContaining({
          code,
          path: expect.stringContaining('workflows/wrong/steps/work/settings/formula'),
        }),
      ])
    }
  })
})
