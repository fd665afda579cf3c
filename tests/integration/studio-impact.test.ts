import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** What a change of the model concerns, before it is made. */
let app: TestApp
let org: Caller

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme Estates' })
})
afterAll(() => app.stop())

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

async function ask(method: string, path: string, body?: unknown): Promise<Json> {
  const answer = await org.call(method, `/api/v1${path}`, body)
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}

const budget = { entity: 'crm.leads:lead', field: { type: 'number', label: 'Budget' } }

describe('the plan', () => {
  it('names what refers to what goes away: formulas, views, what people saved', async () => {
    await ask('PATCH', '/studio/draft', {
      ops: [
        { op: 'set', path: ['fields', 'budget'], value: budget },
        {
          op: 'set',
          path: ['fields', 'half'],
          value: { ...budget, field: { type: 'formula', label: 'Half', formula: 'budget / 2' } },
        },
        {
          op: 'set',
          path: ['views', 'rich'],
          value: {
            entity: 'crm.leads:lead',
            label: 'Rich',
            kind: 'table',
            columns: ['name', 'budget'],
          },
        },
        {
          op: 'set',
          path: ['roles', 'closer'],
          value: {
            label: 'Closer',
            rules: {
              rich: {
                entity: 'crm.leads:lead',
                operations: ['read'],
                condition: { 'campaign.budget': { $gt: 5 }, score: { $gt: 5 } },
              },
            },
          },
        },
      ],
    })
    const { hash } = await ask('POST', '/studio/plan')
    await ask('POST', '/studio/publish', { hash })
    const saved = await ask('POST', '/saved-views', {
      name: 'My rich ones',
      entityRef: 'crm.leads:lead',
      body: { kind: 'table', columns: ['name'], sort: '-budget' },
    })
    await ask('POST', '/leads', { name: 'Ada', budget: 7 })
    await app.createKey(org.orgId, { scopes: ['leads:read'] })

    await ask('PATCH', '/studio/draft', {
      ops: [{ op: 'unset', path: ['fields', 'budget'], from: budget }],
    })
    const { items } = await ask('POST', '/studio/plan')
    const item = items.find(({ path }: Json) => path === 'entities/crm.leads:lead/fields/budget')
    expect(item.severity).toBe('destructive')
    expect(item.usedBy.sort((a: Json, b: Json) => (a.label < b.label ? -1 : 1))).toEqual([
      { point: 'fields', ref: 't:half', label: 'Half' },
      { point: 'views', ref: `platform.views:saved_view/${saved.id}`, label: 'My rich ones' },
      { point: 'views', ref: 't:rich', label: 'Rich' },
    ])
    await ask('DELETE', '/studio/draft')
  })

  it('is not reached by an edit that a rule could not live with', async () => {
    const rules = { of: { entity: 'crm.leads:lead', operations: ['read'] } }
    const about = (condition: object) => ({
      op: 'set',
      path: ['roles', 'odd'],
      value: { label: 'Odd', rules: { of: { ...rules.of, condition } } },
    })
    for (const [condition, place] of [
      [{ nothing: 1 }, 'nothing'],
      [{ $or: [{ name: 'A' }, { nothing: 1 }] }, '$or/1/nothing'],
    ] as const) {
      const answer = await org.call('PATCH', '/api/v1/studio/draft', { ops: [about(condition)] })
      expect(answer.json().errors).toMatchObject([
        { path: `roles/odd/rules/of/condition/${place}`, code: 'UNKNOWN_FIELD' },
      ])
    }
  })

  it('says it of a single field or entity before anything is changed', async () => {
    const field = await ask('GET', '/studio/impact?point=entities&ref=crm.leads:lead&field=budget')
    expect(field).toMatchObject({ records: 1, values: 1 })
    const labels = field.usedBy.map(({ label }: Json) => label)
    expect(labels.sort()).toEqual(['Half', 'My rich ones', 'Rich'])
    const score = await ask('GET', '/studio/impact?point=entities&ref=crm.leads:lead&field=score')
    expect(score.usedBy).toContainEqual({
      point: 'roles',
      ref: 't:closer',
      label: 'Closer',
      path: ['rules', 'rich', 'condition', 'score'],
      field: 'score',
    })
    const entity = await ask('GET', '/studio/impact?point=entities&ref=crm.leads:lead')
    expect(entity.usedBy).toContainEqual(expect.objectContaining({ point: 'keys', path: [] }))
    const { usedBy } = await ask('GET', '/studio/contributions/fields/t:budget')
    expect(usedBy).toHaveLength(3)
    const gone = await org.call('GET', '/api/v1/studio/impact?point=entities&ref=t:nothing')
    expect(gone.statusCode).toBe(404)
  })
})
