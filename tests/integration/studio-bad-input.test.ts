import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import deSaid from '../../studio/i18n/de-said.ts'
import enSaid from '../../studio/i18n/en-said.ts'
import { inReadersWords, speak } from '../../studio/i18n/said.ts'
import { joinOrg } from '../setup/join-org.ts'
import { startApp, type TestApp } from '../setup/test-app.ts'

/** What an edit can get wrong: each is said at its place, and nothing of it stays. */
let app: TestApp
let admin: Awaited<ReturnType<TestApp['signUp']>>
let second: Awaited<ReturnType<typeof joinOrg>>

beforeAll(async () => {
  app = await startApp()
  admin = await app.signUp()
  second = await joinOrg(app, admin, 'admin', 'Eve')
})
afterAll(() => app.stop())
beforeEach(async () => {
  await admin.call('DELETE', '/studio/draft')
})

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
type Json = any

const edit = async (...ops: object[]): Promise<Json> => {
  const answer = await admin.call('PATCH', '/studio/draft', { ops })
  return { status: answer.statusCode, ...answer.json() }
}
const isUntouched = async () =>
  expect((await admin.call('GET', '/studio/changes')).json()).toMatchObject({ changed: 0 })

const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'street',
  fields: { street: { type: 'text' }, a: { type: 'number' }, b: { type: 'number' } },
}
const add = (value: object) => ({ op: 'set', path: ['entities', 'property'], value })
const field = (key: string, value: object) => ({
  op: 'set',
  path: ['entities', 'property', 'fields', key],
  value,
})

describe('an edit', () => {
  it('of a leaf that somebody else changed is refused alone, with both values', async () => {
    const op = { op: 'set', target: 'crm.leads:lead', path: ['label'], from: 'Lead' }
    await second.call('PATCH', '/studio/draft', { ops: [{ ...op, value: 'Enquiry' }] })
    expect(await edit({ ...op, value: 'Prospect' })).toMatchObject({
      status: 409,
      code: 'DRAFT_CONFLICT',
      conflicts: [{ index: 0, path: ['label'], from: 'Lead', now: 'Enquiry' }],
    })
  })

  it('that refers to what is not there is refused at the reference', async () => {
    const gone = { type: 'relation', to: 't:nothing' }
    for (const [op, path] of [
      [add({ ...property, fields: { ...property.fields, gone } }), 'entities/property/fields/gone'],
      [
        {
          op: 'set',
          path: ['views', 'odd'],
          value: { entity: 't:gone', label: 'Odd', kind: 'table', columns: ['name'] },
        },
        'views/odd/entity',
      ],
      [
        { op: 'set', path: ['schedules', 'odd'], value: { cron: '0 0 * * *', job: 't:nothing' } },
        'schedules/odd/job',
      ],
    ] as const) {
      const answer = await edit(op)
      expect(answer).toMatchObject({ status: 422, code: 'INVALID' })
      expect(answer.errors.map((error: Json) => error.path)).toContain(path)
    }
    await isUntouched()
  })

  it('that takes away what others refer to names them', async () => {
    await edit(add(property), {
      op: 'set',
      path: ['views', 'all'],
      value: { entity: 't:property', label: 'All', kind: 'table', columns: ['street'] },
    })
    const answer = await edit({ op: 'unset', path: ['entities', 'property'], from: property })
    expect(answer).toMatchObject({ status: 422, errors: [{ path: 'views/all/entity' }] })
  })

  it('with formulas that go round is refused at the formula, with the way round', async () => {
    const answer = await edit(
      add(property),
      field('x', { type: 'formula', formula: 'y + 1' }),
      field('y', { type: 'formula', formula: 'x + 1' }),
    )
    expect(answer.status).toBe(422)
    const [first] = answer.errors
    expect(first.path).toMatch(/^entities\/property\/fields\/[xy]\/formula$/)
    expect(first.message).toMatch(/x → y → x|y → x → y/)
    await isUntouched()
  })

  it('is refused in words that an admin reads in German, sentence by sentence', async () => {
    const leads = { entity: 'crm.leads:lead', label: 'Odd', kind: 'table' }
    const formula = (text: string) => field('x', { type: 'formula', formula: text })
    const rule = (more: object) =>
      field('x', { type: 'number', rules: { one: { effect: 'show', ...more } } })
    const lead = { op: 'set', target: 'crm.leads:lead' }
    const watch = (when: unknown, more: object = {}) => ({
      op: 'set',
      path: ['workflows', 'odd'],
      value: {
        label: 'Odd',
        entity: 'crm.leads:lead',
        triggers: { changed: { type: 'platform.workflows:record-updated', when } },
        start: 'look',
        steps: {
          look: {
            type: 'platform.workflows:find-records',
            settings: { entity: 'crm.accounts:account' },
          },
        },
        ...more,
      },
    })
    const leaf = (fact: string, path: string, operator: string, value: unknown) =>
      watch({ all: [{ fact, path, operator, value }] })
    const schema = (value: unknown) => ({
      op: 'set',
      path: ['settings', 'own'],
      value: { schema: value },
    })
    const view = (value: object) => ({ op: 'set', path: ['views', 'odd'], value })
    const wrong: readonly (readonly object[])[] = [
      [formula('nothing + 1')],
      [formula('a +')],
      [formula('a ~ 1')],
      [formula('(a + 1')],
      [formula('"a')],
      [formula('rond(a)')],
      [formula('round()')],
      [formula('upper(a) + 1')],
      [formula('street * 2')],
      [formula('x + 1')],
      [formula('')],
      [field('x', { type: 'relation', to: 't:nothing' })],
      [field('x', { type: 'relation' })],
      [field('x', { type: 'nothing' })],
      [field('x', { type: 'select' })],
      [field('x', { type: 'text', options: { one: { label: 'One' } } })],
      [field('x', { type: 'number', min: 5, max: 1 })],
      [field('x', { type: 'select', options: { one: { label: 'One' } }, default: 'two' })],
      [field('x', { type: 'boolean', unique: true })],
      [field('x', { type: 'number', order: 'soon' })],
      [field('x', { type: 'number', colour: 'red' })],
      [field('x', { type: 'text', label: '' })],
      [field('createdAt', { type: 'text' })],
      [field('X y', { type: 'text' })],
      [field('x', { type: 'lookup', lookup: { through: 'gone', field: 'name' } })],
      [field('x', { type: 'rollup', rollup: { from: 't:gone', measure: { count: '*' } } })],
      [rule({ when: { gone: 1 } })],
      [rule({ when: { a: { $odd: 1 } } })],
      [rule({})],
      [rule({ effect: 'blink', when: { a: 1 } })],
      [view({ ...leads, entity: 't:gone', columns: ['name'] })],
      [view({ ...leads, columns: ['name'], kind: 'heap' })],
      [view({ label: 'Odd' })],
      [{ ...lead, path: ['plural'], from: 'leads', value: 'others' }],
      [{ ...lead, target: 'crm.leads:nothing', path: ['label'], value: 'x' }],
      [{ op: 'set', path: ['heaps', 'one'], value: {} }],
      [{ op: 'set', path: ['schedules', 'odd'], value: { cron: 'x', job: 't:nothing' } }],
      [watch('x')],
      [watch({ all: 1 })],
      [watch({ all: [{}], any: [] })],
      [watch({ all: [{ fact: 'record', path: 'score', operator: '$eq', value: 1, odd: 1 }] })],
      [watch({}, { start: undefined })],
      [watch({}, { start: 'gone' })],
      [leaf('recrod', 'score', '$eq', 1)],
      [leaf('record', 'a b', '$eq', 1)],
      [leaf('record', 'scoer', '$eq', 1)],
      [leaf('record', 'score', '$near', 1)],
      [leaf('record', 'score', '$changed', true)],
      [leaf('record', 'score', '$contains', '8')],
      [leaf('record', 'score', '$gte', 'many')],
      [leaf('record', 'score', '$in', 1)],
      [leaf('record', 'score', '$exists', 1)],
      [leaf('record', 'name', '$startsWith', 1)],
      [leaf('record', 'name', '$not', { odd: 1 })],
      [leaf('record', 'name', '$not', 1)],
      [leaf('record', 'score', '$eq', {})],
      [leaf('record', 'score', '$gt', true)],
      [leaf('record', 'status', '$eq', 'odd')],
      [leaf('record', 'createdAt', '$gt', '@yesterday')],
      [leaf('steps', 'fnd.output', '$eq', 1)],
      [leaf('change', 'scoer', '$changed', true)],
      [schema({ type: 'object', properties: { 'A b': {} } })],
      [schema({ type: 'object', properties: { a: { $ref: '#' } } })],
      [schema({ type: 'object', properties: { a: { type: 'string', pattern: 'a' } } })],
      [schema({ type: 'object', properties: { a: { type: 'string', format: 'odd' } } })],
      [formula('switch(a, 1)')],
      [formula('switch(a, 1, "x", 2)')],
      [field('x', { type: 'formula', formula: 'now()', stored: true })],
      [field('x', { type: 'formula', formula: 'a + 1', lookup: { through: 'a', field: 'b' } })],
    ]
    speak(enSaid, deSaid)
    const english: string[] = []
    for (const ops of wrong) {
      const answer = await edit(add(property), ...ops)
      expect([ops, answer.status]).toEqual([ops, 422])
      for (const { message } of answer.errors) {
        const german = inReadersWords(message)
        if (
          /\b(the|is|of|it|not|has|this|must|there|use|write|take)\b/i.test(
            german.replaceAll(/„[^“]*“|"[^"]*"|\$\w+/g, ''),
          )
        )
          english.push(`${message} => ${german}`)
      }
    }
    await second.call('PATCH', '/studio/draft', {
      ops: [{ ...lead, path: ['label'], from: 'Lead', value: 'Enquiry' }],
    })
    const { detail } = await edit({ ...lead, path: ['label'], from: 'Lead', value: 'Prospect' })
    expect(inReadersWords(detail)).toBe(deSaid['draftMoved'])
    speak({}, null)
    expect(english).toEqual([])
  })

  it('larger than a layer or a request may be is refused before anything is done', async () => {
    const help = 'x'.repeat(1000)
    const fields = Object.fromEntries(
      Array.from({ length: 190 }, (_, i) => [`f${i}`, { type: 'text', help }]),
    )
    const large = (n: number) => ({
      op: 'set',
      path: ['entities', `o${n}`],
      value: { ...property, plural: `os-${n}`, fields: { street: { type: 'text' }, ...fields } },
    })
    const whole = await edit(...Array.from({ length: 12 }, (_, n) => large(n)))
    expect(whole).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    let answer: Json = null
    for (let n = 0; n < 14; n += 4) {
      answer = await edit(...[0, 1, 2, 3].map((more) => large(n + more)))
      if (answer.status !== 200) break
    }
    expect(answer).toMatchObject({
      status: 422,
      errors: [{ code: 'TOO_LONG', message: expect.stringContaining('package') }],
    })
  })

  it.each(['__proto__', 'constructor', 'prototype'])('with the key %s is refused', async (key) => {
    const value = { label: 'X', labelPlural: 'X', plural: 'xx', titleField: 'x', fields: {} }
    const raw = (ops: string) =>
      app.inject({
        method: 'PATCH',
        url: '/api/v1/studio/draft',
        headers: { cookie: admin.cookie, 'content-type': 'application/json' },
        payload: `{"ops":${ops}}`,
      })
    for (const ops of [
      `[{"op":"set","path":["entities","${key}"],"value":${JSON.stringify(value)}}]`,
      `[{"op":"set","path":["${key}","polluted"],"value":true}]`,
      `[{"op":"set","target":"crm.leads:lead","path":["fields","${key}"],"value":{"type":"text"}}]`,
      `[{"op":"set","path":["fields","x"],"value":{"entity":"crm.leads:lead","field":{"type":"text","params":{"${key}":{"a":1}}}}}]`,
    ]) {
      const answer = await raw(ops)
      expect([answer.statusCode, ops]).toEqual([
        expect.toSatisfy((n) => [400, 422].includes(n)),
        ops,
      ])
      expect(answer.json().code).toMatch(/INVALID|BAD_JSON/)
    }
    expect({}).not.toHaveProperty('polluted')
    await isUntouched()
  })

  it('with a pattern that could take for ever is refused where it stands', async () => {
    const settings = (pattern: string) => ({
      op: 'set',
      path: ['settings', 'own'],
      value: { schema: { type: 'object', properties: { code: { type: 'string', pattern } } } },
    })
    for (const pattern of ['^(a+)+$', '(']) {
      const answer = await edit(settings(pattern))
      expect(answer.status).toBe(422)
      expect(answer.errors[0].path).toMatch(/^settings\/own\/schema/)
    }
    await isUntouched()
  })
})

describe('a publish', () => {
  const note = (key: string) => ({
    op: 'set',
    path: ['fields', key],
    value: { entity: 'crm.leads:lead', field: { type: 'text' } },
  })

  it('of a plan that has gone stale is refused', async () => {
    await edit(note('one'))
    const { hash } = (await admin.call('POST', '/studio/plan')).json()
    await edit(note('two'))
    const answer = await admin.call('POST', '/studio/publish', { hash })
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'PLAN_STALE' })
  })

  it('by two at once happens once', async () => {
    await edit(note('both'))
    const { hash } = (await admin.call('POST', '/studio/plan')).json()
    const answers = await Promise.all(
      [admin, second].map((one) => one.call('POST', '/studio/publish', { hash })),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409])
    expect(answers.find(({ statusCode }) => statusCode === 409)!.json()).toMatchObject({
      code: 'PLAN_STALE',
    })
    const { data } = (await admin.call('GET', '/studio/revisions')).json()
    expect(data).toHaveLength(1)
  })
})
