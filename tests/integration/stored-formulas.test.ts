import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSeeded } from '../../kernel/records/testing/seeded.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { multipart } from '../setup/upload-file.ts'

/**
 * Formulas that are written with the record. Each stands beside the same formula that is worked out when it
 * is read: whatever was done to the records, both say the same.
 */
let app: TestApp
let acme: Caller
let admin: pg.Client

beforeAll(async () => {
  app = await startApp()
  acme = await app.createOrg({ name: 'Acme' })
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
})

const formulas: Readonly<Record<string, string>> = {
  perMetre: 'round(price / area, 2)',
  words: 'upper(left(city, 3)) & "-" & kind & " " & name',
  isBig: 'area > 100 and not is_blank(city)',
  due: 'date_add(built, rooms, "m")',
  dear: 'if(price.currency = "USD", price, null)',
}
const keptName = (name: string) => `${name}Kept`
const home = {
  label: 'Home',
  labelPlural: 'Homes',
  plural: 'homes',
  titleField: 'name',
  fields: {
    name: { type: 'text' },
    ref: { type: 'text', unique: true },
    city: { type: 'text' },
    kind: { type: 'select', options: { flat: { label: 'Flat' }, house: { label: 'House' } } },
    price: { type: 'currency' },
    area: { type: 'number' },
    rooms: { type: 'integer' },
    built: { type: 'date' },
    soldAt: { type: 'dateTime' },
    ...Object.fromEntries(
      Object.entries(formulas).map(([name, formula]) => [name, { type: 'formula', formula }]),
    ),
  },
}

interface Home {
  readonly id: string
  readonly [name: string]: unknown
}

async function edit(...ops: { path: string[]; value: unknown; from?: unknown }[]) {
  return acme.call('PATCH', '/studio/draft', { ops: ops.map((op) => ({ op: 'set', ...op })) })
}
async function publish(...ops: Parameters<typeof edit>) {
  const edited = await edit(...ops)
  expect(edited.statusCode, edited.body).toBe(200)
  const { hash } = (await acme.call('POST', '/studio/plan')).json<{ hash: string }>()
  const published = await acme.call('POST', '/studio/publish', { hash, message: 'Homes' })
  expect(published.statusCode, published.body).toBe(201)
}
const fieldPath = (key: string) => ['entities', 'home', 'fields', key]

async function filled() {
  const left = async () =>
    (await admin.query('select from tenant.slot_fill where not is_ready')).rowCount
  await expect.poll(left).toBe(0)
}

async function list(query = '', by = acme): Promise<Home[]> {
  const answer = await by.call('GET', `/homes?limit=200${query}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<{ data: Home[] }>().data
}
const where = (filter: object) => `&filter=${encodeURIComponent(JSON.stringify(filter))}`

/** Every formula of every record, as it is worked out and as it is kept. */
async function expectSame(): Promise<Home[]> {
  const homes = await list()
  const of = (name: (formula: string) => string) =>
    homes.map((one) => Object.keys(formulas).map((formula) => one[name(formula)]))
  expect(of(keptName)).toEqual(of((formula) => formula))
  // What is read comes from the record: a value that is not there would have been worked out.
  const { rows } = await admin.query(
    `select id, custom from tenant.record where entity = 't:home' and deleted_at is null and org_id = $1`,
    [acme.orgId],
  )
  const ids = await storageIds()
  for (const { id, custom } of rows) {
    const { isBig, perMetre } = homes.find((one) => one.id === id)!
    expect([custom[ids.isBigKept!] ?? null, custom[ids.perMetreKept!] ?? null]).toEqual([
      isBig,
      perMetre,
    ])
  }
  return homes
}

async function storageIds(): Promise<Record<string, string>> {
  const { rows } = await admin.query(
    'select document from tenant.layer_revision where org_id = $1 order by n desc limit 1',
    [acme.orgId],
  )
  const ids = Object.entries(rows[0].document.storageIds as Record<string, string>)
  return Object.fromEntries(ids.map(([path, id]) => [path.split('/').at(-1)!, id]))
}

const { chance, pick, next, below } = createSeeded()
/** Different each time, and blank now and then. */
function someHome(n: number): Record<string, unknown> {
  const maybe = <T>(value: T) => (chance(0.2) ? null : value)
  return {
    name: `Home ${n}`,
    ref: `R-${n}`,
    city: maybe(pick(['Oslo', 'ås', 'Ærø', 'İzmir', '"x"', '{}', '  '])),
    kind: maybe(pick(['flat', 'house'])),
    price: maybe({
      amount: (next() * 1e6).toFixed(below(5)),
      currency: pick(['USD', 'NOK']),
    }),
    area: maybe(pick([0, -1, 0.1, 1 / 3, 99.99, 100.01, 1e-9, 12345678.9])),
    rooms: maybe(below(30)),
    built: maybe(pick(['1999-01-31', '2024-02-29', '2026-12-31', '0001-01-01'])),
  }
}
const some = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) => someHome(from + n))

describe('a formula that is stored', () => {
  it('is filled for the records that are there, and equals the one that is not stored', async () => {
    await publish({ path: ['entities', 'home'], value: home })
    await acme.call('POST', '/homes/bulk', { create: some(60) })
    await publish(
      ...Object.entries(formulas).map(([name, formula]) => ({
        path: fieldPath(keptName(name)),
        value: { type: 'formula', formula, stored: true, indexed: name !== 'words' },
      })),
    )
    await filled()
    expect(await expectSame()).toHaveLength(60)
  })

  it('follows every way of writing', async () => {
    const made = await acme.call('POST', '/homes', { ...someHome(60), area: 50, city: 'Oslo' })
    expect(made.json()).toMatchObject({ isBigKept: false })
    const { id } = made.json<Home>()
    const changed = await acme.call('PATCH', `/homes/${id}`, { area: 500 })
    expect(changed.json()).toMatchObject({ isBig: true, isBigKept: true })
    await acme.call('PATCH', `/homes/${id}`, { city: null })
    expect((await acme.call('GET', `/homes/${id}`)).json()).toMatchObject({ isBigKept: false })

    const homes = await list()
    const update = homes.slice(0, 30).map((one, n) => {
      const { name: _name, ref: _ref, ...values } = someHome(n)
      // Rows that write different fields share a statement.
      return n % 2 === 0 ? { id: one.id, ...values } : { id: one.id, area: 7, built: null }
    })
    const upsert = { by: 'ref', records: [{ ref: 'R-3', area: 111 }, someHome(1000)] }
    const bulk = await acme.call('POST', '/homes/bulk', { create: some(5, 100), update, upsert })
    expect(bulk.statusCode, bulk.body).toBe(200)
    await expectSame()

    const revert = await acme.call('POST', `/changes/${bulk.json().changeSetId}/revert`)
    expect(revert.json()).toMatchObject({ conflicts: [] })
    await expectSame()

    const all = await acme.call('POST', '/homes/bulk', { filter: {}, update: { area: 333 } })
    const state = async () => (await acme.call('GET', `/changes/${all.json().changeSetId}`)).json()
    await expect.poll(state).toMatchObject({ state: 'done' })
    await expectSame()

    const { body, headers } = multipart('homes.csv', 'name,area,city\nImported,250,Oslo\n')
    const spec = JSON.stringify({
      entity: 'homes',
      columns: { name: 'name', area: 'area', city: 'city' },
    })
    const part = `--runway-boundary-of-tests\r\ncontent-disposition: form-data; name="spec"\r\n\r\n${spec}\r\n`
    const run = await acme.call(
      'POST',
      '/imports',
      Buffer.concat([Buffer.from(part), body]),
      headers,
    )
    expect(run.statusCode, run.body).toBe(202)
    const imported = async () => list(where({ name: 'Imported' }))
    await expect.poll(imported).toMatchObject([{ isBigKept: true }])
    await expectSame()
  })

  it('filters and sorts like the other, through its index', async () => {
    const ids = async (query: string) => (await list(query)).map(({ id }) => id)
    for (const filter of [
      { isBig: true },
      { perMetre: { $gte: 100 } },
      { perMetre: null },
      { due: { $lt: '2020-01-01' } },
    ]) {
      const [name, test] = Object.entries(filter)[0]!
      expect(await ids(where({ [keptName(name)]: test })), name).toEqual(await ids(where(filter)))
    }
    for (const sort of ['perMetre', '-perMetre', 'due,-perMetre', '-words']) {
      const kept = sort.replace(/\w+/g, keptName)
      expect(await ids(`&sort=${kept},id`), sort).toEqual(await ids(`&sort=${sort},id`))
    }
  })

  it('is nobody’s to write, and no change of it is in the history', async () => {
    const refused = await acme.call('POST', '/homes', { name: 'x', isBigKept: true })
    expect(refused.json()).toMatchObject({
      status: 422,
      errors: [{ path: 'isBigKept', code: 'READ_ONLY' }],
    })
    const { id } = (await acme.call('POST', '/homes', { name: 'x', area: 1 })).json<Home>()
    await acme.call('PATCH', `/homes/${id}`, { area: 2 })
    const { data } = (await acme.call('GET', `/homes/${id}/history`)).json()
    expect(Object.keys(data[0].fields)).toEqual(['area'])
  })

  it('tells nothing of fields that the reader may not see', async () => {
    const rules = {
      homes: { operations: ['read'], entity: 't:home' },
      prices: { effect: 'deny', operations: ['read'], entity: 't:home', fields: ['price'] },
    }
    await publish({ path: ['roles', 'guest'], value: { label: 'Guest', rules } })
    const guest = await app.createKey(acme.orgId, { role: 't:guest' })
    const seen = await list('', guest)
    expect(
      seen.every(({ perMetreKept, dearKept }) => perMetreKept === null && dearKept === null),
    ).toBe(true)
    expect(seen.some(({ isBigKept }) => isBigKept === true)).toBe(true)
    expect(await list(where({ perMetreKept: { $gt: 0 } }), guest)).toEqual([])
    expect(await list('&sort=perMetreKept', guest)).toHaveLength(seen.length)
  })

  it('is worked out anew when its formula changes, and when a field is of another type', async () => {
    await publish(
      { path: [...fieldPath('isBig'), 'formula'], value: 'area > 300', from: formulas.isBig },
      { path: [...fieldPath('isBigKept'), 'formula'], value: 'area > 300', from: formulas.isBig },
    )
    const at = (await list()).map(({ isBig, isBigKept }) => [isBig, isBigKept])
    expect(at.every(([live, kept]) => live === kept)).toBe(true)
    await filled()
    await expectSame()
    await publish({ path: [...fieldPath('rooms'), 'type'], value: 'number', from: 'integer' })
    const rooms = async () => (await list()).filter((one) => one.rooms !== null).length
    await expect.poll(rooms).toBeGreaterThan(20)
    await filled()
    await expectSame()
  })

  it('may be of an entity that a plugin brings, over its columns and own fields', async () => {
    const field = (definition: object) => ({ entity: 'crm.leads:lead', field: definition })
    await publish(
      { path: ['fields', 'weight'], value: field({ type: 'number' }) },
      {
        path: ['fields', 'rank'],
        value: field({ type: 'formula', formula: 'score * weight', stored: true, indexed: true }),
      },
    )
    await filled()
    const made = await acme.call('POST', '/leads', { name: 'Ada', score: 20, weight: 1.5 })
    expect(made.json()).toMatchObject({ rank: 30 })
    const { id } = made.json<Home>()
    expect((await acme.call('PATCH', `/leads/${id}`, { score: 10 })).json()).toMatchObject({
      rank: 15,
    })
    const found = await acme.call('GET', `/leads?${where({ rank: { $gte: 15 } })}`)
    expect(found.json<{ data: Home[] }>().data.map((one) => one.id)).toEqual([id])
    const { rows } = await admin.query('select custom from tenant.crm_leads_lead where id = $1', [
      id,
    ])
    expect(Object.values(rows[0].custom)).toContain(15)
    // It is not worked out again when it is read.
    const { rank } = await storageIds()
    await admin.query(
      'update tenant.crm_leads_lead set custom = custom || jsonb_build_object($2::text, 99) where id = $1',
      [id, rank],
    )
    expect((await acme.call('GET', `/leads/${id}`)).json()).toMatchObject({ rank: 99 })
  })
})

describe('a formula is not stored', () => {
  it.each([
    ['date_diff(today(), built, "d")', 'changes as time passes'],
    ['soldAt > now()', 'changes as time passes'],
    ['year(soldAt)', 'the time zone of the organisation'],
    ['text(soldAt)', 'the time zone of the organisation'],
    ['createdBy.name', '"createdBy.name" is kept by the kernel'],
    ['updatedAt > date("2026-01-01")', 'the time zone of the organisation'],
    ['version + 1', '"version" is kept by the kernel'],
    ['owner.name', '"ownerId.name" is a field of another record'],
    ['perMetre * 2', '"perMetre" is worked out itself'],
  ])('when it is %s, since %s', async (formula, reason) => {
    const value = { type: 'formula', formula, stored: true }
    const answer = await edit({ path: fieldPath('wrong'), value })
    expect(answer.statusCode).toBe(422)
    expect(answer.json<{ errors: object[] }>().errors).toEqual([
      expect.objectContaining({
        path: 'entities/home/fields/wrong/stored',
        message: expect.stringContaining(`"wrong" cannot be stored: `),
      }),
    ])
    expect(answer.body).toContain(JSON.stringify(reason).slice(1, -1))
  })

  it('unless it is one; and none is indexed that is not stored', async () => {
    const paths = async (value: object) =>
      (await edit({ path: fieldPath('wrong'), value }))
        .json<{ errors: { path: string }[] }>()
        .errors.map(({ path }) => path.split('/').at(-1))
    expect(await paths({ type: 'text', stored: true })).toEqual(['stored'])
    expect(await paths({ type: 'formula', formula: 'area', indexed: true })).toEqual(['indexed'])
  })
})
