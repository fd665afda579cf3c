import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Fields of an organisation change when there are values in them already. */
let app: TestApp
let acme: Caller
let other: Caller
let admin: pg.Client

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  other = await app.createOrg({ name: 'Other' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  for (const caller of [acme, other]) {
    expect((await publish(caller, [set(['entities', 'part'], part)])).statusCode).toBe(201)
  }
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
})

const part = {
  label: 'Part',
  labelPlural: 'Parts',
  plural: 'parts',
  titleField: 'name',
  fields: {
    name: { type: 'text', required: true },
    code: { type: 'text' },
    weight: { type: 'number' },
    stage: { type: 'select', options: { raw: {}, made: { label: 'Made' } } },
    size: { type: 'text' },
    day: { type: 'date' },
  },
}
const set = (path: readonly string[], value: unknown, from?: unknown) => ({
  op: 'set',
  path,
  value,
  ...(from === undefined ? {} : { from }),
})
const field = (...path: string[]) => ['entities', 'part', 'fields', ...path]

interface Item {
  severity: string
  path: string
  text: string
  blocking?: true
  affects: { records: number }[]
}

async function plan(caller: Caller, ops: readonly object[]) {
  const edited = await caller.call('PATCH', '/studio/draft', { ops })
  expect(edited.json()).toMatchObject({ changed: true })
  const planned = await caller.call('POST', '/studio/plan')
  expect(planned.statusCode).toBe(200)
  return planned.json<{ hash: string; items: Item[] }>()
}
async function publish(caller: Caller, ops: readonly object[]) {
  const { hash } = await plan(caller, ops)
  return caller.call('POST', '/studio/publish', { hash })
}
const discard = (caller: Caller) => caller.call('DELETE', '/studio/draft')
async function create(values: object, caller = acme): Promise<string> {
  const answer = await caller.call('POST', '/parts', values)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ id: string }>().id
}
async function uniqueValues(orgId: string): Promise<string[]> {
  const { rows } = await admin.query<{ value: string }>(
    'select value from tenant.unique_value where org_id = $1 order by value',
    [orgId],
  )
  return rows.map(({ value }) => value)
}

/** A publish waits two seconds and no longer, so whoever holds it up lets go at once. */
const soon = { interval: 5 }

/** Whether a publish waits for writers that do not know of a field yet. */
async function isWaiting(): Promise<boolean> {
  const { rows } = await admin.query(
    `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
      and query like '%kernel.set_uniques%' and pid <> pg_backend_pid()`,
  )
  return rows.length > 0
}

describe('a field that becomes unique', () => {
  const ids: string[] = []

  it('is refused in the words of the plan while values are there twice', async () => {
    for (const code of ['A', 'A', 'a', 'B', 'gone', 'gone']) {
      ids.push(await create({ name: code, code }))
    }
    await create({ name: 'none' })
    expect((await acme.call('DELETE', `/parts/${ids[5]}`)).statusCode).toBe(204)

    const planned = await plan(acme, [set(field('code', 'unique'), true)])
    const [worst] = planned.items
    expect(worst).toMatchObject({ severity: 'destructive', blocking: true })
    expect(worst?.text).toContain('1 value in more than one record, e.g. "A" (2)')
    expect(worst?.affects).toEqual([{ entity: 't:part', records: 2 }])
    const refused = await acme.call('POST', '/studio/publish', { hash: planned.hash })
    expect(refused.statusCode).toBe(422)
    expect(refused.json()).toMatchObject({ code: 'INVALID', errors: [{ message: worst?.text }] })
    expect(await uniqueValues(acme.orgId)).toEqual([])
  })

  it('guards every way of writing once nothing is there twice', async () => {
    await acme.call('PATCH', `/parts/${ids[1]}`, { code: 'C' })
    const { hash, items } = await acme.call('POST', '/studio/plan').then((a) => a.json())
    expect(items.filter((item: Item) => item.blocking)).toEqual([])
    expect((await acme.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
    expect(await uniqueValues(acme.orgId)).toEqual(['A', 'B', 'C', 'a', 'gone'])

    const taken = { code: 'UNIQUE_TAKEN', field: 'code' }
    const created = await acme.call('POST', '/parts', { name: 'x', code: 'A' })
    expect(created.statusCode).toBe(409)
    expect(created.json()).toMatchObject(taken)
    const updated = await acme.call('PATCH', `/parts/${ids[3]}`, { code: 'A' })
    expect(updated.json()).toMatchObject(taken)
    const restored = await acme.call('POST', `/parts/${ids[5]}/restore`)
    expect(restored.statusCode).toBe(409)
    expect(restored.json()).toMatchObject(taken)
    // Deleting frees the value.
    expect((await acme.call('DELETE', `/parts/${ids[4]}`)).statusCode).toBe(204)
    expect((await acme.call('POST', `/parts/${ids[5]}/restore`)).statusCode).toBe(200)

    const bulk = await acme.call('POST', '/parts/bulk', {
      create: [
        { name: 'new', code: 'N' },
        { name: 'twice', code: 'B' },
      ],
      atomic: false,
    })
    expect(bulk.json()).toMatchObject({
      results: [{ status: 'created' }, { status: 'failed', problem: taken }],
    })
    const upsert = await acme.call('POST', '/parts/bulk', {
      upsert: { by: 'code', records: [{ code: 'N', name: 'newer' }] },
    })
    expect(upsert.json()).toMatchObject({ results: [{ status: 'updated' }] })
    // The same value in another organisation is nobody's business.
    await create({ name: 'x', code: 'A' }, other)
  })

  it('is emptied when it no longer is', async () => {
    const answer = await publish(acme, [set(field('code', 'unique'), false, true)])
    expect(answer.statusCode).toBe(201)
    expect(await uniqueValues(acme.orgId)).toEqual([])
    await create({ name: 'x', code: 'A' })
    const back = await acme.call('POST', '/studio/rollback', { revision: 2 })
    expect(back.statusCode).toBe(422)
    expect(back.body).toContain('more than one record')
  })

  describe('while others write', () => {
    const label = set(['entities', 'slip'], {
      ...part,
      label: 'Slip',
      labelPlural: 'Slips',
      plural: 'slips',
    })
    const unique = set(['entities', 'slip', 'fields', 'code', 'unique'], true)
    /** As a request or a job that began before the publish goes on with. */
    const olderModel = async () => {
      const ctx = await app.house.contexts.system(acme.orgId)
      return { ctx, entity: ctx.model.entities.get('t:slip')! }
    }
    const codes = async () =>
      (await acme.call('GET', '/slips?sort=code&fields=code'))
        .json<{ data: { code: string }[] }>()
        .data.map(({ code }) => code)

    it('finds what they write meanwhile, and is refused with it', async () => {
      expect((await publish(acme, [label])).statusCode).toBe(201)
      expect((await acme.call('POST', '/slips', { name: 'a', code: 'T-1' })).statusCode).toBe(201)
      const { hash } = await plan(acme, [unique])
      const { ctx, entity } = await olderModel()
      const { writer } = app.house
      const publishing = await writer.transaction(ctx, async (inner) => {
        await writer.create(inner, entity, { name: 'b', code: 'T-1' })
        const answer = acme.call('POST', '/studio/publish', { hash })
        await expect.poll(isWaiting, soon).toBe(true)
        return { answer }
      })
      const refused = await publishing.answer
      expect(refused.statusCode).toBe(409)
      expect(refused.json()).toMatchObject({
        code: 'PLAN_STALE',
        detail: expect.stringContaining('1 value in more than one record, e.g. "T-1" (2)'),
      })
      expect(await uniqueValues(acme.orgId)).not.toContain('T-1')
    })

    it('knows what they changed meanwhile, when it is no obstacle', async () => {
      const { data } = (await acme.call('GET', '/slips')).json<{ data: { id: string }[] }>()
      await acme.call('PATCH', `/slips/${data[0]!.id}`, { code: 'T-2' })
      const { hash } = await acme.call('POST', '/studio/plan').then((answer) => answer.json())
      const { ctx, entity } = await olderModel()
      const { writer } = app.house
      const publishing = await writer.transaction(ctx, async (inner) => {
        await writer.update(inner, entity, data[0]!.id, { code: 'T-3' })
        const answer = acme.call('POST', '/studio/publish', { hash })
        await expect.poll(isWaiting, soon).toBe(true)
        return { answer }
      })
      expect((await publishing.answer).statusCode).toBe(201)
      expect(await uniqueValues(acme.orgId)).toEqual(expect.arrayContaining(['T-1', 'T-3']))
      expect(await uniqueValues(acme.orgId)).not.toContain('T-2')
      // Who still holds the model from before writes nothing, whatever the value.
      const late = writer.create(ctx, entity, { name: 'late', code: 'T-9' })
      await expect(late).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
      await expect(writer.delete(ctx, entity, data[0]!.id)).rejects.toMatchObject({ status: 409 })
      expect(await codes()).toEqual(['T-1', 'T-3'])
      const taken = await acme.call('POST', '/slips', { name: 'c', code: 'T-3' })
      expect(taken.json()).toMatchObject({ code: 'UNIQUE_TAKEN' })
    })
  })

  it.each([
    ['multiSelect', { options: { a: {} } }],
    ['json', {}],
    ['formula', { formula: 'weight + 1' }],
    ['boolean', {}],
  ])('is refused for %s', async (type, more) => {
    const ops = [set(field('odd'), { type, unique: true, ...more })]
    const answer = await acme.call('PATCH', '/studio/draft', { ops })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ errors: [{ path: expect.stringMatching(/unique$/) }] })
  })
})

describe('rules that become stricter', () => {
  it('count the records with an option that goes away, which keep it', async () => {
    const id = await create({ name: 'opt', stage: 'raw' })
    const planned = await plan(acme, [
      set(field('stage', 'options'), { made: { label: 'Done' } }, part.fields.stage.options),
    ])
    const [worst] = planned.items
    expect(worst).toMatchObject({ severity: 'destructive', affects: [{ records: 1 }] })
    expect(worst?.text).toContain('1 part has the option "raw"')
    expect((await acme.call('POST', '/studio/publish', { hash: planned.hash })).statusCode).toBe(
      201,
    )
    expect((await acme.call('GET', `/parts/${id}`)).json()).toMatchObject({ stage: 'raw' })
    expect((await acme.call('PATCH', `/parts/${id}`, { name: 'still' })).statusCode).toBe(200)
    const again = await acme.call('POST', '/parts', { name: 'y', stage: 'raw' })
    expect(again.statusCode).toBe(422)
  })

  it('call a renamed option safe, and count records without what becomes required', async () => {
    const renamed = await plan(acme, [
      set(field('stage', 'options', 'made', 'label'), 'Ready', 'Done'),
    ])
    expect(renamed.items.map(({ severity }) => severity)).toEqual(['safe'])
    await discard(acme)
    const required = await plan(acme, [set(field('day', 'required'), true)])
    expect(required.items[0]).toMatchObject({ severity: 'breaking' })
    expect(required.items[0]?.affects[0]?.records).toBeGreaterThan(5)
    await discard(acme)
  })
})

describe('a field of another type', () => {
  const ids: string[] = []
  const size = async (id: string) =>
    (await acme.call('GET', `/parts/${id}`)).json<{ size: unknown; version: number }>()
  let before = 0

  it('previews what converts, and converts it after the publish', async () => {
    for (const value of ['12', '7.5', 'large', ' 3 ', null]) {
      ids.push(await create({ name: 'sized', size: value }))
    }
    const { n } = (
      await admin.query('select count(*)::integer as n from tenant.ledger where org_id = $1', [
        acme.orgId,
      ])
    ).rows[0]
    before = (await acme.call('GET', '/studio/draft')).json<{ revision: number }>().revision
    const planned = await plan(acme, [set(field('size', 'type'), 'number', 'text')])
    const [item] = planned.items
    expect(planned.items).toHaveLength(1)
    expect(item?.severity).toBe('destructive')
    expect(item?.text).toContain('Of its values 3 convert and 1 do not, e.g. "large" (')
    const answer = await acme.call('POST', '/studio/publish', { hash: planned.hash })
    expect(answer.statusCode).toBe(201)
    await expect.poll(async () => (await size(ids[0]!)).size).toBe(12)
    const seen = await Promise.all(ids.map(size))
    expect(seen.map((one) => one.size)).toEqual([12, 7.5, null, 3, null])
    expect(seen.map(({ version }) => version)).toEqual([1, 1, 1, 1, 1])
    const { rows } = await admin.query(
      'select count(*)::integer as n from tenant.ledger where org_id = $1',
      [acme.orgId],
    )
    expect(rows).toEqual([{ n }])
    const list = await acme.call('GET', `/parts?filter=${encodeURIComponent('{"size":{"$gt":5}}')}`)
    expect(list.json<{ data: unknown[] }>().data).toHaveLength(2)
  })

  it('comes back with its old values in a roll back', async () => {
    const back = await acme.call('POST', '/studio/rollback', { revision: before })
    expect(back.statusCode).toBe(201)
    const seen = await Promise.all(ids.map(size))
    expect(seen.map((one) => one.size)).toEqual(['12', '7.5', 'large', ' 3 ', null])
  })
})

describe('a field with another key', () => {
  const old = ['entities', 'part', 'fields', 'weight']
  const now = ['entities', 'part', 'fields', 'mass']
  const rename = { path: ['formerKeys', old.join('/')], value: now.join('/') }
  const weight = { type: 'number' }
  const renaming = [
    { op: 'unset', path: old, from: weight },
    set(now, { ...weight, label: 'Mass' }),
  ]

  it('keeps its values, its index and its history, and has no other name', async () => {
    expect((await publish(acme, [set(field('weight', 'indexed'), true)])).statusCode).toBe(201)
    const id = await create({ name: 'heavy', weight: 7 })
    await acme.call('PATCH', `/parts/${id}`, { weight: 8 })
    const ops = [
      { op: 'unset', path: old, from: { ...weight, indexed: true } },
      set(now, { ...weight, indexed: true }),
      set(rename.path, rename.value),
    ]
    const planned = await plan(acme, ops)
    expect(planned.items.map(({ severity, text }) => [severity, text])).toEqual([
      [
        'breaking',
        'The field "Weight" of parts keeps its values; weight is called mass in filters, imports and the API.',
      ],
    ])
    const answer = await acme.call('POST', '/studio/publish', { hash: planned.hash })
    expect(answer.statusCode).toBe(201)
    expect((await acme.call('GET', `/parts/${id}`)).json()).toMatchObject({ mass: 8 })
    const list = (filter: string) =>
      acme.call('GET', `/parts?filter=${encodeURIComponent(`{"${filter}":8}`)}`)
    expect((await list('mass')).json<{ data: object[] }>().data).toMatchObject([{ id }])
    expect((await list('weight')).json()).toMatchObject({ code: 'UNKNOWN_FIELD' })
    expect((await acme.call('POST', '/parts', { name: 'x', weight: 1 })).statusCode).toBe(422)
    const history = (await acme.call('GET', `/parts/${id}/history`)).json<{ data: object[] }>()
    expect(history.data[0]).toMatchObject({ fields: { mass: { from: 7, to: 8 } } })
  })

  it('starts anew under the former key, and comes back with a roll back', async () => {
    expect((await publish(acme, [set(old, weight)])).statusCode).toBe(201)
    const { data } = (await acme.call('GET', '/parts?sort=-mass&limit=1')).json()
    expect(data[0]).toMatchObject({ mass: 8, weight: null })
    const { revision } = (await acme.call('GET', '/studio/draft')).json<{ revision: number }>()
    const back = await acme.call('POST', '/studio/rollback', { revision: revision - 2 })
    expect(back.statusCode).toBe(201)
    expect((await acme.call('GET', `/parts/${data[0].id}`)).json()).toMatchObject({ weight: 8 })
  })

  it.each([
    ['nothing that is published', [set(['formerKeys', 'entities/part/fields/none'], rename.value)]],
    ['a field that is still there', [set(now, weight), set(rename.path, rename.value)]],
    ['a field that is not there', [...renaming.slice(0, 1), set(rename.path, rename.value)]],
    ['another object', [...renaming, set(rename.path, 'entities/slip/fields/weight')]],
    ['no text', [...renaming, set(rename.path, 5)]],
    ['a whole object', [set(['formerKeys'], { a: 'b' })]],
  ])('is refused for %s', async (_, ops) => {
    const answer = await acme.call('PATCH', '/studio/draft', { ops: withIndexed(ops) })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors[0].path).toMatch(/^formerKeys/)
  })

  /** The field as it is published by now. */
  const withIndexed = (ops: readonly object[]) =>
    ops.map((op) => ('from' in op ? { ...op, from: { ...weight, indexed: true } } : op))
})

describe('every sensible pair', () => {
  const options = { a: { label: 'Alpha' }, b: {} }
  const pairs = {
    dayed: [{ type: 'text' }, { type: 'date' }, '2026-03-01', '2026-03-01'],
    asked: [{ type: 'text' }, { type: 'boolean' }, 'Yes', true],
    priced: [
      { type: 'text' },
      { type: 'currency' },
      '12.5 EUR',
      { amount: '12.50', currency: 'EUR' },
    ],
    chosen: [{ type: 'text' }, { type: 'select', options }, 'alpha', 'a'],
    several: [{ type: 'select', options }, { type: 'multiSelect', options }, 'a', ['a']],
    single: [{ type: 'multiSelect', options }, { type: 'select', options }, ['b'], 'b'],
    moment: [
      { type: 'date' },
      { type: 'dateTime' },
      '2026-03-01',
      expect.stringMatching(/^2026-0/),
    ],
    whole: [{ type: 'number' }, { type: 'integer' }, 4, 4],
    broken: [{ type: 'number' }, { type: 'integer' }, 4.5, null],
    long: [{ type: 'longText' }, { type: 'text' }, 'words', 'words'],
    told: [{ type: 'percent' }, { type: 'text' }, 12.5, '12.5'],
    mailed: [{ type: 'text' }, { type: 'email' }, 'nobody', null],
    coded: [{ type: 'number' }, { type: 'text', unique: true }, 7, '7'],
  } as const
  const fieldsOf = (at: 0 | 1) =>
    Object.fromEntries(Object.entries(pairs).map(([key, pair]) => [key, pair[at]]))

  it('converts, and leaves blank what does not', async () => {
    const base = { label: 'Pair', labelPlural: 'Pairs', plural: 'pairs', titleField: 'name' }
    const name = { type: 'text' }
    const old = { ...base, fields: { name, ...fieldsOf(0) } }
    expect((await publish(other, [set(['entities', 'pair'], old)])).statusCode).toBe(201)
    const values = Object.fromEntries(Object.entries(pairs).map(([key, pair]) => [key, pair[2]]))
    const made = await other.call('POST', '/pairs', values)
    expect(made.statusCode, made.body).toBe(201)
    // Of two with one value of a unique field, the first has it.
    const second = await other.call('POST', '/pairs', { coded: 7 })
    const now = { ...base, fields: { name, ...fieldsOf(1) } }
    expect((await publish(other, [set(['entities', 'pair'], now, old)])).statusCode).toBe(201)
    const url = `/pairs/${made.json<{ id: string }>().id}`
    const want = Object.fromEntries(Object.entries(pairs).map(([key, pair]) => [key, pair[3]]))
    await expect.poll(async () => (await other.call('GET', url)).json()).toMatchObject(want)
    const again = await other.call('GET', `/pairs/${second.json<{ id: string }>().id}`)
    expect(again.json()).toMatchObject({ coded: null })
    expect((await other.call('POST', '/pairs', { coded: '7' })).statusCode).toBe(409)
  })
})
