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

  it('says which workflows a field that goes away, is renamed or gets another type would break', async () => {
    const own = { entity: 'crm.leads:lead', field: { type: 'text', label: 'Mood' } }
    const workflow = {
      label: 'Cheer up',
      entity: 'crm.leads:lead',
      triggers: {
        changed: {
          type: 'platform.workflows:record-updated',
          settings: { fields: ['mood'] },
          when: { all: [{ fact: 'change', path: 'mood', operator: '$changedTo', value: 'low' }] },
        },
      },
      start: 'find',
      steps: {
        // What stands here is the name of a variable, whatever fields there are.
        find: {
          type: 'platform.workflows:set',
          settings: { values: { email: 1 } },
          next: 'campaign',
        },
        campaign: {
          type: 'platform.workflows:find-records',
          settings: { entity: 'crm.campaigns:campaign', filter: { 'owner.name': 'Ada' } },
          next: 'ask',
        },
        ask: {
          type: 'platform.approvals:approval',
          settings: {
            title: '{{ steps.campaign.output.first.budget | number }} for {{ record.company }}',
            assignee: '{{ record.campaign.ownerId }}',
            fields: ['source'],
            approved: 'write',
          },
        },
        write: {
          type: 'platform.workflows:update-record',
          settings: { values: { title: '{{ vars.phone }}' } },
        },
      },
    }
    await ask('PATCH', '/studio/draft', {
      ops: [
        { op: 'set', path: ['fields', 'mood'], value: own },
        { op: 'set', path: ['workflows', 'cheer'], value: workflow },
      ],
    })
    await ask('POST', '/studio/publish', { hash: (await ask('POST', '/studio/plan')).hash })

    const about = async (field: string, ref = 'crm.leads:lead') => {
      const { usedBy } = await ask('GET', `/studio/impact?point=entities&ref=${ref}&field=${field}`)
      return usedBy
        .filter((use: Json) => use.ref === 't:cheer')
        .map((use: Json) => use.path.join('/'))
    }
    expect(await about('mood')).toEqual([
      'triggers/changed/settings/fields/0',
      'triggers/changed/when/all/0/path',
    ])
    expect(await about('company')).toEqual(['steps/ask/settings/title'])
    expect(await about('campaign')).toEqual(['steps/ask/settings/assignee'])
    expect(await about('source')).toEqual(['steps/ask/settings/fields/0'])
    expect(await about('title')).toEqual(['steps/write/settings/values/title'])
    expect(await about('budget', 'crm.campaigns:campaign')).toEqual(['steps/ask/settings/title'])
    expect(await about('email')).toEqual([])
    expect(await about('phone')).toEqual([])

    const planned = async (ops: readonly object[], headers = {}) => {
      await ask('PATCH', '/studio/draft', { ops })
      const answer = await org.call('POST', '/api/v1/studio/plan', undefined, headers)
      await ask('DELETE', '/studio/draft')
      return answer.json().items.map(({ severity, path, text, usedBy = [] }: Json) => ({
        ...{ severity, path, text },
        usedBy: usedBy.map(({ label }: Json) => label),
      }))
    }
    const at = 'workflows/t:cheer/triggers/changed/settings/fields/0'
    const field = 'entities/crm.leads:lead/fields'
    const gone = [{ op: 'unset', path: ['fields', 'mood'], from: own }]
    expect(await planned(gone)).toEqual([
      {
        severity: 'breaking',
        path: `${field}/mood`,
        text: 'Removes the field "Mood" from leads. No record has a value in it.',
        usedBy: ['Cheer up'],
      },
      {
        severity: 'breaking',
        path: at,
        text: '"Cheer up" depends on the field "Mood" of leads, which goes away.',
        usedBy: [],
      },
    ])
    expect(await planned(gone, { 'accept-language': 'de-CH,de;q=0.9' })).toMatchObject([
      { text: 'Entfernt das Feld „Mood“ (Leads). Kein Datensatz hat darin einen Wert.' },
      { text: '„Cheer up“ hängt vom Feld „Mood“ (Leads) ab, das wegfällt.' },
    ])
    const renamed = await planned([
      ...gone,
      { op: 'set', path: ['fields', 'temper'], value: own },
      { op: 'set', path: ['formerKeys', 'fields/mood'], value: 'fields/temper' },
    ])
    expect(renamed).toEqual([
      expect.objectContaining({ path: `${field}/temper`, usedBy: ['Cheer up'] }),
      expect.objectContaining({
        severity: 'breaking',
        path: at,
        text: '"Cheer up" depends on the field "Mood" of leads as mood, which is called temper from now on.',
      }),
    ])
    const retyped = await planned([
      { op: 'set', path: ['fields', 'mood', 'field', 'type'], from: 'text', value: 'number' },
    ])
    expect(retyped.map(({ severity, path }: Json) => [severity, path])).toEqual([
      ['breaking', `${field}/mood`],
      ['breaking', at],
    ])
    expect(
      await planned([
        { op: 'set', path: ['fields', 'mood', 'field', 'label'], from: 'Mood', value: 'Temper' },
      ]),
    ).toMatchObject([{ severity: 'safe', usedBy: ['Cheer up'] }])
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
