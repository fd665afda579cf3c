import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { searchMark } from '../../kernel/search/searched-fields.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Fields that an organisation made itself, and that lists filter and sort by through an index. */
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
})
afterAll(async () => {
  await admin.end()
  await app.stop()
})

const field = (type: string, more: object = {}) => ({ type, ...more })
const entity = (fields: object) => ({
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  titleField: 'name',
  fields: { name: field('text', { required: true }), ...fields },
})
const plain = {
  city: field('text'),
  price: field('number'),
  rooms: field('integer'),
  agent: field('user'),
}

async function publish(caller: Caller, ops: readonly object[]) {
  const edited = await caller.call('PATCH', '/studio/draft', { ops })
  expect(edited.json()).toMatchObject({ changed: true })
  const planned = await caller.call('POST', '/studio/plan')
  if (planned.statusCode !== 200) return planned
  return caller.call('POST', '/studio/publish', { hash: planned.json().hash })
}
const set = (path: readonly string[], value: unknown, from?: unknown) => ({
  op: 'set',
  path,
  value,
  ...(from === undefined ? {} : { from }),
})
const index = (key: string, value = true) =>
  set(['entities', 'property', 'fields', key, 'indexed'], value, value ? undefined : true)

async function slots(): Promise<Record<string, boolean>> {
  const { rows } = await admin.query(
    'select slot, is_ready from tenant.slot_fill where org_id = $1',
    [acme.orgId],
  )
  return Object.fromEntries(rows.map(({ slot, is_ready: ready }) => [slot, ready]))
}
const filled = () => expect.poll(async () => Object.values(await slots()).every(Boolean)).toBe(true)

async function list(query: Record<string, unknown>, caller = acme) {
  const text = Object.entries(query).map(
    ([name, value]) =>
      `${name}=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`,
  )
  const answer = await caller.call('GET', `/properties?${text.join('&')}`)
  expect(answer.statusCode).toBe(200)
  return answer.json<{
    data: { id: string; name: string; city: string | null; price: number | null }[]
    page: { nextCursor: string | null }
  }>()
}

/** All pages of a list, one after the other. */
async function all(query: Record<string, unknown>) {
  const names: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof list>> = await list({
      ...query,
      limit: '7',
      ...(cursor === null ? {} : { cursor }),
    })
    names.push(...page.data.map(({ name }) => name))
    cursor = page.page.nextCursor
  } while (cursor !== null)
  return names
}

const cities = ['Oslo', 'oslo', 'Ås', 'Bergen', null, 'Ærø', 'zürich', 'Zagreb', '']
const rows = Array.from({ length: 60 }, (_, n) => ({
  name: `P${String(n).padStart(2, '0')}`,
  city: cities[n % cities.length]!,
  price: n % 7 === 0 ? null : ((n * 37) % 100) / 2,
  rooms: n % 5,
}))
const questions = [
  { sort: 'price' },
  { sort: '-price' },
  { sort: 'city' },
  { sort: '-city,price' },
  { sort: 'price', filter: { city: 'Oslo' } },
  { filter: { price: { $gte: 10, $lt: 30 } } },
  { filter: { price: { $gt: 49 } } },
  { filter: { city: { $in: ['Oslo', 'Ås', null] } } },
  { filter: { city: { $ne: 'Oslo' } }, sort: 'name' },
  { filter: { $not: { price: { $lte: 25 } } }, sort: 'name' },
  { filter: { $or: [{ city: 'Bergen' }, { price: 18.5 }] }, sort: '-price' },
  { filter: { city: { $gt: 'P' } }, sort: 'city' },
  { filter: { city: { $startsWith: 'OS' } } },
  { filter: { city: { $startsWith: 'Z' } }, sort: '-city' },
  { filter: { $not: { city: { $startsWith: 'zÜ' } } } },
  { filter: { price: { $in: [18.5, 37, null] } } },
] as const

/** Sums over fields that become indexed, in groups of one of them. */
async function sums(): Promise<unknown> {
  const answer = await acme.call('POST', '/properties/aggregate', {
    filter: { rooms: { $gte: 1 } },
    groupBy: [{ field: 'rooms' }, { field: 'city' }],
    measures: {
      n: { count: '*' },
      total: { sum: 'price' },
      dearest: { max: 'price', filter: { price: { $lt: 30 } } },
    },
  })
  expect(answer.statusCode).toBe(200)
  return answer.json()
}

describe('an indexed field', () => {
  const answers: string[][] = []
  let summed: unknown

  it('is one like others before it is indexed', async () => {
    expect((await publish(acme, [set(['entities', 'property'], entity(plain))])).statusCode).toBe(
      201,
    )
    // Who made them leads here: relations have an index of themselves.
    expect(Object.keys(await slots())).toEqual(['u1'])
    const made = await acme.call('POST', '/properties/bulk', { create: rows })
    expect(made.statusCode).toBe(200)
    for (const question of questions) answers.push(await all(question))
    expect(answers[0]).toHaveLength(60)
    summed = await sums()
  })

  it('gets a slot at publish, is filled behind, and gives the same answers', async () => {
    const model = async () => (await app.house.orgStates.get(acme.orgId)).model
    const searched = searchMark(await model())
    const published = await publish(acme, [index('city'), index('price'), index('rooms')])
    expect(published.statusCode).toBe(201)
    await filled()
    // Search has nothing to fill anew.
    expect(searchMark(await model())).toBe(searched)
    expect(await slots()).toEqual({ t1: true, f1: true, i1: true, u1: true })
    for (const [at, question] of questions.entries()) {
      expect(await all(question), JSON.stringify(question)).toEqual(answers[at])
    }
    expect(await sums()).toEqual(summed)
  })

  it('follows every write: create, update, clear, bulk, delete, restore, revert', async () => {
    const made = (await acme.call('POST', '/properties', { name: 'New', price: 999 })).json()
    const found = async (filter: object) => (await list({ filter })).data.map(({ name }) => name)
    expect(await found({ price: 999 })).toEqual(['New'])
    await acme.call('PATCH', `/properties/${made.id}`, { price: 1000 })
    expect(await found({ price: 999 })).toEqual([])
    expect(await found({ price: { $gt: 999 } })).toEqual(['New'])
    await acme.call('DELETE', `/properties/${made.id}`)
    expect(await found({ price: 1000 })).toEqual([])
    await acme.call('POST', `/properties/${made.id}/restore`)
    expect(await found({ price: 1000 })).toEqual(['New'])
    await acme.call('PATCH', `/properties/${made.id}`, { price: null, city: 'NARVIK' })
    expect(await found({ price: 1000 })).toEqual([])
    expect(await found({ city: 'NARVIK' })).toEqual(['New'])
    // As before: equality of texts looks at the case, order does not.
    expect(await found({ city: 'narvik' })).toEqual([])
    const { data } = (await acme.call('GET', `/properties/${made.id}/history`)).json()
    await acme.call('POST', `/changes/${data[0].changeId}/revert`, {})
    expect(await found({ price: 1000 })).toEqual(['New'])
    await acme.call('POST', '/properties/bulk', { update: [{ id: made.id, price: 1001 }] })
    expect(await found({ price: 1001 })).toEqual(['New'])
    await acme.call('DELETE', `/properties/${made.id}`)
  })

  it('is read through its index, as the server and under its policies', async () => {
    await admin.query(
      `insert into tenant.record (org_id, entity, id, version, created_at, updated_at, created_by, updated_by, custom)
       select $1, 't:property', uuidv7(), 1, now(), now(), '{}', '{}', '{}' from generate_series(1, 20000)`,
      [acme.orgId],
    )
    await admin.query(
      `insert into tenant.slot (org_id, entity, record_id, f1, t1)
       select r.org_id, r.entity, r.id, random() * 1e6, 'x' || r.id from tenant.record r
         where r.org_id = $1 on conflict do nothing`,
      [acme.orgId],
    )
    await admin.query('analyze tenant.record; analyze tenant.slot')
    const scans = async (name: string) => {
      const { rows: found } = await admin.query<{ n: string }>(
        'select idx_scan as n from pg_stat_user_indexes where indexrelname = $1',
        [name],
      )
      return Number(found[0]?.n)
    }
    for (const [question, name] of [
      [{ filter: { price: 5 } }, 'slot_f1'],
      [{ sort: '-price' }, 'slot_f1'],
      [{ filter: { city: 'Oslo' } }, 'slot_t1'],
      [{ filter: { city: { $in: ['Oslo', 'Ås'] } } }, 'slot_t1'],
      [{ filter: { city: { $startsWith: 'Zür' } } }, 'slot_t1_prefix'],
    ] as const) {
      const before = await scans(name)
      // Servers tell their numbers once in a while.
      const asked = async () => {
        await list({ ...question, limit: '2' })
        return scans(name)
      }
      const message = `${JSON.stringify(question)} by ${name}`
      await expect.poll(asked, { message }).toBeGreaterThan(before)
    }
    await admin.query(`delete from tenant.record where org_id = $1 and custom = '{}'`, [acme.orgId])
    await admin.query(
      'delete from tenant.slot s where org_id = $1 and not exists (select from tenant.record r where r.id = s.record_id)',
      [acme.orgId],
    )
  })

  it('holds what was written without knowing of it, by those who began before the publish', async () => {
    const { model } = await app.house.orgStates.get(acme.orgId)
    const before = await app.house.contexts.system(acme.orgId)
    expect(before.model).toBe(model)
    expect((await publish(acme, [index('name')])).statusCode).toBe(201)
    // As a long job does: it keeps the model it began with.
    const entityBefore = model.entities.get('t:property')!
    const late = await app.house.writer.create(before, entityBefore, { name: 'Latecomer' })
    await filled()
    const found = await list({ filter: { name: 'Latecomer' } })
    expect(found.data.map(({ id }) => id)).toEqual([late.id])
    expect((await publish(acme, [index('name', false)])).statusCode).toBe(201)
    await acme.call('DELETE', `/properties/${late.id}`)
  })

  it('is never set back by a copy of an older version', async () => {
    const { data } = await list({ sort: 'price', limit: '2' })
    const [newer, lost] = data.map(({ id }) => id)
    const copies = async () => {
      const { rows: found } = await admin.query<{ f1: number }>(
        'select f1 from tenant.slot where record_id = any($1) order by record_id = $2',
        [[newer, lost], lost],
      )
      return found.map(({ f1 }) => f1)
    }
    const set = 'update tenant.slot set f1 = $2, version = version + $3 where record_id = $1'
    await admin.query(set, [newer, -1, 1])
    await admin.query(set, [lost, -1, 0])
    const runAs = { type: 'system', id: null, userId: null, name: 'Indexes' } as const
    const payload = { audience: '', entity: 't:property', since: '2000-01-01T00:00:00Z' }
    const job = { plugin: 'kernel', job: 'slot_fill', payload, runAs }
    await app.house.queue.enqueue(acme.orgId, [job])
    await expect.poll(copies).toEqual([-1, data[1]!.price])
    await admin.query(set, [newer, data[0]!.price, -1])
  })

  it('keeps the order of types that look at the case', async () => {
    const sku = set(['entities', 'property', 'fields', 'sku'], field('sku'))
    expect((await publish(acme, [sku])).statusCode).toBe(201)
    const { data } = await list({ limit: '6' })
    const skus = ['b-1', 'B-2', 'a-3', 'C-4', 'c-5', 'A-6']
    await acme.call('POST', '/properties/bulk', {
      update: data.map(({ id }, at) => ({ id, sku: skus[at] })),
    })
    const asked = [
      { sort: 'sku' },
      { filter: { sku: { $gte: 'B' } }, sort: 'sku' },
      { filter: { sku: 'b-1' } },
      { filter: { sku: 'B-1' } },
    ]
    const answers = await Promise.all(asked.map(all))
    expect((await publish(acme, [index('sku')])).statusCode).toBe(201)
    await filled()
    expect(await Promise.all(asked.map(all))).toEqual(answers)
    expect((await publish(acme, [index('sku', false)])).statusCode).toBe(201)
  })

  it('gives its slot back, and nothing of it to whoever gets the slot next', async () => {
    expect((await publish(acme, [index('price', false)])).statusCode).toBe(201)
    expect(await slots()).not.toHaveProperty('f1')
    const area = set(['entities', 'property', 'fields', 'area'], field('number', { indexed: true }))
    expect((await publish(acme, [area])).statusCode).toBe(201)
    await filled()
    expect((await list({ filter: { area: { $gte: 0 } } })).data).toEqual([])
    expect(await all({ sort: 'price' })).toEqual(answers[0])
  })

  it('is refused beyond the pool, at the plan and with who holds it', async () => {
    const more = ['d1', 'd2'].map((key) =>
      set(['entities', 'property', 'fields', key], field('date', { indexed: true, label: key })),
    )
    const refused = await publish(acme, more)
    expect(refused.statusCode).toBe(422)
    expect(refused.json()).toMatchObject({ code: 'INDEX_SLOTS_USED' })
    expect(refused.json().errors[0].message).toContain('d1')
    expect((await acme.call('DELETE', '/studio/draft')).statusCode).toBe(204)
    const json = await publish(acme, [
      set(['entities', 'property', 'fields', 'extra'], field('json', { indexed: true })),
    ])
    expect(json.statusCode).toBe(422)
    await acme.call('DELETE', '/studio/draft')
  })

  it('comes back with a roll back', async () => {
    expect((await acme.call('POST', '/studio/rollback', { revision: 2 })).statusCode).toBe(201)
    await filled()
    expect(await slots()).toMatchObject({ f1: true })
    expect(await all({ sort: '-price' })).toEqual(answers[1])
  })

  it('works on fields that are added to a plugin’s entity, and for a reader who sees it here and there', async () => {
    const rank = { entity: 'crm.leads:lead', field: field('integer', { indexed: true }) }
    expect((await publish(other, [set(['fields', 'rank'], rank)])).statusCode).toBe(201)
    await other.call('POST', '/leads/bulk', {
      create: [3, 1, 2].map((n) => ({ name: `Lead ${n}`, rank: n })),
    })
    await expect
      .poll(async () => {
        const { rows: found } = await admin.query(
          'select 1 from tenant.slot_fill where org_id = $1 and not is_ready',
          [other.orgId],
        )
        return found.length
      })
      .toBe(0)
    const sorted = (await other.call('GET', '/leads?sort=rank')).json().data
    expect(sorted.map((lead: { rank: number }) => lead.rank)).toEqual([1, 2, 3])
    const filter = encodeURIComponent(JSON.stringify({ rank: { $gte: 2 } }))
    expect((await other.call('GET', `/leads?filter=${filter}`)).json().data).toHaveLength(2)
  })
})
