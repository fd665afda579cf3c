import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Definitions that are graphs, edited through the draft: the point comes from a plugin of its own. */
let app: TestApp
let org: Caller

beforeAll(async () => {
  app = await startApp({}, [path.resolve(import.meta.dirname, '../fixtures/graphs')])
  org = await app.createOrg({ name: 'Acme Estates' })
})
afterAll(() => app?.stop())

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await org.call(method, `/api/v1/studio${path}`, body)
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}
const edit = (...ops: object[]) => ask('PATCH', '/draft', { ops })
const set = (path: string, value: unknown, from?: unknown) => ({
  op: 'set',
  path: path.split('/'),
  value,
  ...(from !== undefined && { from }),
})
async function refused(...ops: object[]) {
  const answer = await org.call('PATCH', '/api/v1/studio/draft', { ops })
  expect(answer.statusCode, answer.body).toBe(422)
  return answer.json<{ errors: Json[] }>().errors.map(({ path, code }) => [path, code])
}
async function publish(message = 'A step') {
  const { hash, items } = await ask('POST', '/plan')
  await ask('POST', '/publish', { hash, message })
  return items
}

const budget = { entity: 'crm.leads:lead', field: { type: 'number', label: 'Budget' } }
const choose = {
  type: 'test.recipes:choose',
  label: 'Rich?',
  settings: {
    entity: 'crm.leads:lead',
    when: { budget: { $gt: 1000 } },
    ways: { rich: 'score' },
    otherwise: 'rest',
  },
}
const score = {
  type: 'test.recipes:do',
  settings: { action: 'crm.leads:score_lead', input: { leadId: '{{ record.id }}' } },
}
const rest = { type: 'test.recipes:pause', settings: { minutes: 5 }, next: 'score' }

describe('a graph in the draft', () => {
  it('is taken when it is whole, edge by edge, and published', async () => {
    await edit(set('fields/budget', budget))
    await edit(
      set('recipes/visit', {
        label: 'Visit',
        start: 'choose',
        steps: { choose, score, rest },
      }),
    )
    await edit(
      set('recipes/visit/steps/end', { type: 'test.recipes:stop' }),
      set('recipes/visit/steps/score/next', 'end'),
      set('recipes/visit/steps/rest/settings/minutes', '{{ record.score }}', 5),
    )
    expect((await publish()).map(({ path }: Json) => path)).toContain('recipes/t:visit')
    const told = await ask('GET', '/contributions/recipes/t:visit')
    expect(told).toMatchObject({ state: 'same', problems: [] })
    expect(Object.keys(told.definition.steps).sort()).toEqual(['choose', 'end', 'rest', 'score'])
  })

  it('refuses an edge to nothing, a circle and settings that the kind of step refuses, each at its leaf', async () => {
    const at = 'recipes/visit/steps'
    expect(await refused(set(`${at}/rest/next`, 'nowhere', 'score'))).toEqual([
      [`${at}/rest/next`, 'UNKNOWN_OPTION'],
    ])
    expect(await refused(set(`${at}/end/next`, 'choose'))).toEqual([
      [`${at}/end/next`, 'AMBIGUOUS'],
    ])
    expect(
      await refused(
        set(`${at}/rest/settings/minutes`, 0, '{{ record.score }}'),
        set(`${at}/score/settings/input/leadId`, 'mine', '{{ record.id }}'),
        set(`${at}/choose/settings/ways/poor`, 'end2'),
        set('recipes/visit/start', 'begin', 'choose'),
      ),
    ).toEqual(
      expect.arrayContaining([
        [`${at}/rest/settings/minutes`, 'OUT_OF_RANGE'],
        [`${at}/score/settings/input/leadId`, 'BAD_FORMAT'],
        [`${at}/choose/settings/ways/poor`, 'UNKNOWN_OPTION'],
        ['recipes/visit/start', 'UNKNOWN_OPTION'],
      ]),
    )
    expect(
      await refused({
        op: 'unset',
        path: [...`${at}/end`.split('/')],
        from: { type: 'test.recipes:stop' },
      }),
    ).toEqual([[`${at}/score/next`, 'UNKNOWN_OPTION']])
    expect(
      await refused(
        set(`${at}/score/settings/action`, 'crm.leads:nothing', 'crm.leads:score_lead'),
      ),
    ).toEqual([[`${at}/score/settings/action`, 'UNKNOWN_RECORD']])
    expect((await ask('GET', '/changes')).data).toEqual([])
  })

  it('of a plugin is overridden leaf by leaf, under the same rules', async () => {
    const target = 'recipes/test.recipes:greet'
    const at = 'overrides/recipes/test.recipes:greet/steps'
    const over = (path: string, value: unknown, from?: unknown) => ({
      ...set(path, value, from),
      target,
    })
    expect(await refused(over('steps/convert/next', 'look', 'end'))).toEqual([
      [`${at}/convert/next`, 'AMBIGUOUS'],
    ])
    expect(await refused(over('steps/wait/settings/minutes', 'soon', 90))).toEqual([
      [`${at}/wait/settings/minutes`, 'WRONG_TYPE'],
    ])
    await edit(over('steps/wait/settings/minutes', 30, 90))
    await publish()
    const told = await ask('GET', '/contributions/recipes/test.recipes:greet')
    expect(told.definition.steps.wait.settings.minutes).toBe(30)
    expect(told.problems).toEqual([])
  })

  it('is named by whoever asks what a field, an action or an entity is used by', async () => {
    const impact = async (query: string) =>
      (await ask('GET', `/impact?${query}`)).usedBy.map(({ ref, path }: Json) => [
        ref,
        path.join('/'),
      ])
    expect(await impact('point=entities&ref=crm.leads:lead&field=budget')).toContainEqual([
      't:visit',
      'steps/choose/settings/when/budget',
    ])
    expect(await impact('point=actions&ref=crm.leads:score_lead')).toContainEqual([
      't:visit',
      'steps/score/settings/action',
    ])
    expect(await impact('point=recipeSteps&ref=test.recipes:choose')).toContainEqual([
      't:visit',
      'steps/choose/type',
    ])
  })
})

describe('a rule of a workflow in the draft', () => {
  const own = 'platform.workflows'
  const leaf = (fact: string, path: string, operator: string, value: unknown) => ({
    ...{ fact, path, operator, value },
  })
  const workflow = (when: unknown, settings: object = { when: {} }) => ({
    label: 'Watch',
    entity: 'crm.leads:lead',
    triggers: { changed: { type: `${own}:record-updated`, when } },
    start: 'find',
    steps: {
      find: {
        type: `${own}:find-records`,
        settings: { entity: 'crm.accounts:account' },
        next: 'check',
      },
      check: { type: `${own}:condition`, settings },
    },
  })
  async function told(when: unknown, settings?: object) {
    const ops = [set('workflows/watch', workflow(when, settings))]
    const answer = await org.call('PATCH', '/api/v1/studio/draft', { ops })
    expect(answer.statusCode, answer.body).toBe(422)
    return answer
      .json<{ errors: Json[] }>()
      .errors.map(
        ({ path, code, message }) => `${path.slice('workflows/watch/'.length)} ${code} ${message}`,
      )
  }
  const holding = {
    all: [
      leaf('record', 'score', '$gte', '{{ vars.least }}'),
      leaf('record', 'campaign.owner.name', '$startsWith', 'A'),
      leaf('record', 'createdAt', '$gt', '@today-30d'),
      leaf('record', 'ownerId', '$in', ['@me', '{{ vars.who }}', null]),
      leaf('change', 'status', '$changedTo', 'qualified'),
      leaf('change', 'score.to', '$gt', 3),
      leaf('change', 'ownerId', '$changed', true),
      { any: [{ not: leaf('trigger', 'payload.kind', '$eq', 'x') }] },
      leaf('org', 'currency', '$eq', 'CHF'),
    ],
  }
  const after = {
    when: leaf('steps', 'find.output.first.industry', '$eq', 'wine'),
  }

  it('is taken as it is when it can be told', async () => {
    await edit(set('workflows/watch', workflow(holding, after)))
    const { problems } = await ask('GET', '/contributions/workflows/t:watch')
    expect(problems).toEqual([])
    await ask('DELETE', '/draft')
  })

  it('is refused at the leaf that is wrong, with what may stand there', async () => {
    const at = 'triggers/changed/when'
    expect(await told({ all: [leaf('record', 'score', '$near', 1)] })).toEqual([
      expect.stringMatching(
        /^triggers\/changed\/when\/all\/0\/operator UNKNOWN_OPTION There is no operator "\$near"\. It is one of: \$eq, /,
      ),
    ])
    expect(await told(leaf('recrod', 'score', '$eq', 1))).toEqual([
      `${at}/fact UNKNOWN_OPTION There is no "recrod" to ask about. It asks about one of: record, change, trigger, vars, steps, item, org.`,
    ])
    expect(await told({ not: leaf('record', 'scoer', '$eq', 1) })).toEqual([
      expect.stringMatching(/^triggers\/changed\/when\/not\/path UNKNOWN_FIELD .*"scoer".* score/),
    ])
    expect(await told(leaf('change', 'scoer', '$changed', true))).toEqual([
      expect.stringMatching(/^triggers\/changed\/when\/path UNKNOWN_FIELD/),
    ])
    expect(await told(leaf('record', 'score', '$gte', 'many'))).toEqual([
      expect.stringMatching(/^triggers\/changed\/when\/value WRONG_TYPE .*number/),
    ])
    expect(await told(leaf('record', 'score', '$contains', '8'))).toEqual([
      expect.stringMatching(/^triggers\/changed\/when\/operator BAD_FORMAT .*It takes \$eq/),
    ])
    expect(await told(leaf('change', 'status', '$changedTo', 'won'))).toEqual([
      `${at}/value UNKNOWN_OPTION There is no option "won". It is one of: new, contacted, qualified, unqualified, converted.`,
    ])
    expect(await told({ ...leaf('record', 'createdAt', '$gt', '@yesterday') })).toEqual([
      expect.stringMatching(
        /^triggers\/changed\/when\/value BAD_FORMAT "@yesterday" is no relative date/,
      ),
    ])
    const step = 'steps/check/settings/when'
    const wrong = leaf('steps', 'fnd.output.count', '$gt', 0)
    expect(await told(holding, { when: wrong })).toEqual([
      `${step}/path UNKNOWN_FIELD "steps" has no "fnd". Known here: find, check.`,
    ])
    expect(
      await told(holding, {
        when: { any: [leaf('steps', 'find.output.first.sector', '$eq', 'x'), {}] },
      }),
    ).toEqual([
      `${step}/any/1/fact REQUIRED The condition has no "fact". A condition is {"fact", "path", "operator", "value"}.`,
      expect.stringContaining(`${step}/any/1/operator REQUIRED`),
      expect.stringContaining(`${step}/any/1/value REQUIRED`),
      expect.stringMatching(/^steps\/check\/settings\/when\/any\/0\/path UNKNOWN_FIELD .*"sector"/),
    ])
  })

  it('of a plugin is overridden under the same rules', async () => {
    const path = 'steps/high/settings/when'
    const from = { all: [leaf('record', 'score', '$gt', 80)] }
    const over = (value: unknown) => ({
      ...set(path, value, from),
      target: 'workflows/crm.recipes:lead-qualification',
    })
    const at = `overrides/workflows/crm.recipes:lead-qualification/${path}`
    expect(await refused(over({ all: [leaf('record', 'score', '$gt', '90')] }))).toEqual([
      [`${at}/all/0/value`, 'WRONG_TYPE'],
    ])
    await edit(over({ all: [leaf('record', 'score', '$gt', 90)] }))
    await ask('DELETE', '/draft')
  })

  it('that asks about a field which goes away stays, says so, and is what the plan warns of', async () => {
    const field = { entity: 'crm.leads:lead', field: { type: 'text', label: 'Mood' } }
    const when = { all: [leaf('record', 'mood', '$eq', 'low')] }
    await edit(set('fields/mood', field), set('workflows/watch', workflow(when)))
    await publish()
    await edit({ op: 'unset', path: ['fields', 'mood'], from: field })
    expect((await ask('POST', '/plan')).items.map(({ path }: Json) => path)).toContain(
      'workflows/t:watch/triggers/changed/when/all/0/path',
    )
    const { problems } = await ask('GET', '/contributions/workflows/t:watch')
    expect(problems).toMatchObject([{ path: ['triggers', 'changed', 'when', 'all', '0', 'path'] }])
    await edit(set('workflows/watch/label', 'Watched', 'Watch'))
    await ask('DELETE', '/draft')
  })
})
