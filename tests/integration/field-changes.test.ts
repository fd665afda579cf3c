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
