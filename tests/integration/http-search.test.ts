import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let admin: pg.Client
beforeAll(async () => {
  app = await startApp()
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
})

interface Hit {
  readonly entity: string
  readonly id: string
  readonly title: string
  readonly snippet: string
  readonly score: number
}
interface Found {
  readonly data: readonly Hit[]
  readonly partial: boolean
}

async function search(caller: Caller, q: string, entities?: string): Promise<Found> {
  const more = entities === undefined ? '' : `&entities=${entities}`
  const answer = await caller.call('GET', `/search?q=${encodeURIComponent(q)}${more}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<Found>()
}
const titles = async (caller: Caller, q: string) =>
  (await search(caller, q)).data.map(({ title }) => title)

async function create(caller: Caller, path: string, body: object): Promise<string> {
  const answer = await caller.call('POST', path, body)
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ id: string }>().id
}

/** Until everything that was written is in the index, which the first search of an organisation asks for. */
async function indexed(org: Caller): Promise<void> {
  const { orgId } = org
  await search(org, 'anything')
  await expect
    .poll(
      async () => {
        const { rows } = await admin.query<{ settled: boolean }>(
          `select coalesce((select is_ready from tenant.search_state where org_id = $1), false)
            and not exists (select from directory.unsent_outbox where org_id = $1)
            and not exists (
              select from directory.org_stream e left join directory.search_stream s using (org_id)
                where e.org_id = $1 and e.seq > coalesce(s.seq, 0)
            ) as settled`,
          [orgId],
        )
        return rows[0]?.settled
      },
      { interval: 50 },
    )
    .toBe(true)
}

async function publish(by: Caller, ops: readonly object[]): Promise<void> {
  const edited = await by.call('PATCH', '/studio/draft', { ops })
  expect(edited.statusCode, edited.body).toBe(200)
  const { hash } = (await by.call('POST', '/studio/plan')).json<{ hash: string }>()
  const published = await by.call('POST', '/studio/publish', { hash })
  expect(published.statusCode, published.body).toBe(201)
}
const set = (path: string[], value: unknown) => ({ op: 'set', path, value })

describe('search', () => {
  it('finds records of several entities, the best first, and nobody else’s', async () => {
    const [org, other] = [await app.createOrg(), await app.createOrg()]
    await create(org, '/accounts', { name: 'Northwind' })
    await create(org, '/leads', { name: 'Old northwind lead' })
    await create(org, '/leads', { name: 'Ada', email: 'ada@northwind.test' })
    await create(other, '/leads', { name: 'Northwind secret' })
    const found = await search(org, 'NORTHWIND')
    expect(found.data.map((hit) => `${hit.entity} ${hit.title}`)).toEqual([
      'accounts Northwind',
      'leads Old northwind lead',
      'leads Ada',
    ])
    expect(found.data[2]).toMatchObject({ snippet: 'ada@northwind.test', score: 0.3 })
    const leads = await search(org, 'northwind', 'leads')
    expect(new Set(leads.data.map((hit) => hit.entity))).toEqual(new Set(['leads']))
    await indexed(org)
    expect((await search(org, 'NORTHWIND')).data).toEqual(found.data)
    expect((await search(org, 'NORTHWIND')).partial).toBe(false)
  })

  it('ranks titles by how much of them was typed, then typos, then other fields, newer first', async () => {
    const org = await app.createOrg()
    for (const name of [
      'Berg',
      'Bergmann',
      'Anna Berg',
      'Old Berg of Anna',
      'Lead one',
      'Lead two',
    ]) {
      const more = name.startsWith('Lead') ? { notes: 'Met Anna on the Berg.' } : {}
      await create(org, '/leads', { name, ...more })
    }
    await indexed(org)
    expect(await titles(org, 'berg')).toEqual([
      'Berg',
      'Bergmann',
      'Old Berg of Anna',
      'Anna Berg',
      'Lead two',
      'Lead one',
    ])
    expect(await titles(org, 'anna berg')).toEqual([
      'Anna Berg',
      'Old Berg of Anna',
      'Lead two',
      'Lead one',
    ])
    const typo = await search(org, 'bregmann')
    expect(typo.data.map(({ title, score }) => [title, score])).toEqual([['Bergmann', 0.5]])
  })

  it('finds what is typed so far, in any order, with a typo, without accents, by number', async () => {
    const org = await app.createOrg()
    await create(org, '/leads', {
      name: 'Zoë Müller-Lüdenscheidt',
      email: 'zoe.m@bäckerei.example',
      phone: '+49 170 1234567',
      company: '東京タワー株式会社',
    })
    await create(org, '/leads', { name: 'שלום עולם', notes: 'Привет, мир' })
    await indexed(org)
    for (const q of [
      'z',
      'zo',
      'zoe mul',
      'MÜLLER zoë',
      'ludensch',
      'ludenschiedt',
      'mueller',
      'mulelr',
    ]) {
      expect([q, await titles(org, q)]).toEqual([q, ['Zoë Müller-Lüdenscheidt']])
    }
    for (const q of [
      'zoe.m@back',
      '0170 123',
      '+49 170 1234567',
      '0049 (0)170/123-4567',
      'zoe 0170 12',
      '491701',
      '東京',
      'タワー',
      '京',
    ]) {
      expect([q, await titles(org, q)]).toEqual([q, ['Zoë Müller-Lüdenscheidt']])
    }
    for (const q of ['שלום', 'עול', 'привет мир']) {
      expect([q, await titles(org, q)]).toEqual([q, ['שלום עולם']])
    }
  })

  it('finds letters and digits that stand together when they are typed apart, and the other way round', async () => {
    const org = await app.createOrg()
    await create(org, '/leads', { name: 'Radeon GTX500', company: "O'Brien 24h" })
    await create(org, '/leads', { name: 'Radeon GTX 500 Ti' })
    await create(org, '/leads', { name: 'Radeon', notes: 'It has 500 of them.' })
    await indexed(org)
    const both = ['Radeon GTX500', 'Radeon GTX 500 Ti']
    for (const q of ['gtx500', 'gtx 500', 'GTX-5', 'gtx5', 'radeon gtx500', '500 gtx', 'gtxx500']) {
      expect([q, (await titles(org, q)).sort()]).toEqual([q, both.toSorted()])
    }
    expect((await titles(org, '500')).slice(0, 2).sort()).toEqual(both.toSorted())
    expect(await titles(org, '500')).toHaveLength(3)
    for (const q of ['obrien', "o'brien", 'brien', '24 h', '24h']) {
      expect([q, await titles(org, q)]).toEqual([q, ['Radeon GTX500']])
    }
  })

  it('follows changes, deletions and what is brought back, and keeps no word of the past', async () => {
    const org = await app.createOrg()
    const id = await create(org, '/leads', { name: 'Quixotic Zanzibar' })
    await indexed(org)
    const words = async () =>
      (
        await admin.query<{ word: string }>(
          'select word from tenant.search_word where org_id = $1 and word = any ($2) order by 1',
          [org.orgId, ['quixotic', 'zanzibar', 'renamed']],
        )
      ).rows.map(({ word }) => word)
    expect(await words()).toEqual(['quixotic', 'zanzibar'])
    await org.call('PATCH', `/leads/${id}`, { name: 'Renamed Zanzibar' })
    expect(await titles(org, 'quixotic')).toEqual([])
    expect(await titles(org, 'renamed')).toEqual(['Renamed Zanzibar'])
    await indexed(org)
    expect(await titles(org, 'quixotic')).toEqual([])
    expect(await titles(org, 'renamed')).toEqual(['Renamed Zanzibar'])
    expect(await words()).toEqual(['renamed', 'zanzibar'])
    await org.call('DELETE', `/leads/${id}`)
    expect(await titles(org, 'zanzibar')).toEqual([])
    await indexed(org)
    expect(await titles(org, 'zanzibar')).toEqual([])
    expect(await words()).toEqual([])
    await org.call('POST', `/leads/${id}/restore`)
    await indexed(org)
    expect(await titles(org, 'zanzibar')).toEqual(['Renamed Zanzibar'])
  })

  it('finds nothing by words in fields and records that the reader may not see', async () => {
    const org = await app.createOrg()
    await publish(org, [
      set(['contributes', 'roles', 'nomail'], {
        label: 'No mail',
        rules: {
          leads: { operations: ['read'], entity: 'crm.leads:lead' },
          mail: {
            effect: 'deny',
            operations: ['read'],
            entity: 'crm.leads:lead',
            fields: ['email', 'notes'],
          },
          won: {
            effect: 'deny',
            operations: ['read'],
            entity: 'crm.leads:lead',
            condition: { company: 'Hidden' },
          },
        },
      }),
    ])
    await create(org, '/leads', { name: 'Ada', email: 'ada@whisper.test', notes: 'whisper' })
    await create(org, '/leads', { name: 'Whisper', company: 'Hidden' })
    await create(org, '/leads', { name: 'Whisper of all' })
    await create(org, '/accounts', { name: 'Whisper account' })
    await indexed(org)
    const reader = await app.createKey(org.orgId, { role: 't:nomail' })
    expect(await titles(reader, 'whisper')).toEqual(['Whisper of all'])
    expect(await titles(reader, 'wihsper')).toEqual(['Whisper of all'])
    expect((await titles(org, 'whisper')).length).toBe(4)
  })

  it('searches a field that a revision adds, and an index that is lost is filled again', async () => {
    const org = await app.createOrg()
    await publish(org, [
      set(['contributes', 'fields', 'reference'], {
        entity: 'crm.leads:lead',
        field: { type: 'text', label: 'Reference' },
      }),
    ])
    const model = (await org.call('GET', '/model')).json<{
      entities: { plural: string; fields: { key: string; apiName: string }[] }[]
    }>()
    const field = model.entities
      .find(({ plural }) => plural === 'leads')!
      .fields.find(({ key }) => key.endsWith('reference'))!
    await create(org, '/leads', { name: 'Ada', [field.apiName]: 'Xylophone 12' })
    await indexed(org)
    expect(await titles(org, 'xylo')).toEqual(['Ada'])
    // As it is after an upgrade from a release without search.
    for (const table of ['search', 'search_word', 'search_state']) {
      await admin.query(`delete from tenant.${table} where org_id = $1`, [org.orgId])
    }
    const meanwhile = await search(org, 'xylo')
    expect(meanwhile).toEqual({ data: [], partial: true })
    await indexed(org)
    expect(await search(org, 'xylophone')).toMatchObject({
      data: [{ title: 'Ada', snippet: 'Xylophone 12' }],
      partial: false,
    })
  })

  it('finds nothing for no text and for signs alone, whatever they mean elsewhere', async () => {
    const org = await app.createOrg()
    await create(org, '/leads', { name: '100% _safe_ (.*) \\ "quoted"' })
    await indexed(org)
    const nothing = { data: [], partial: false }
    for (const q of ['', ' ', '%', '_', '.*', '\\', "'", '"; drop table', '🎉', '\u202e']) {
      expect([q, await search(org, q)]).toEqual([q, nothing])
    }
    expect(await titles(org, 'safe (.*')).toHaveLength(1)
    expect(await titles(org, `${'x'.repeat(10_000)}`)).toEqual([])
    expect(await titles(org, 'a b c d e f g h i j k l m n o p q r s t u v w x y z')).toEqual([])
    const answer = await org.call('GET', '/search?q=x&entities=nothing')
    expect(answer.json()).toMatchObject({ code: 'INVALID', errors: [{ path: 'entities' }] })
  })

  it('of a key that reads leads alone finds leads alone', async () => {
    const org = await app.createOrg()
    await create(org, '/accounts', { name: 'Contoso' })
    await create(org, '/leads', { name: 'Contoso lead' })
    const key = await app.createKey(org.orgId, { scopes: ['leads:read'] })
    const found = await search(key, 'contoso')
    expect(found.data.map((hit) => hit.entity)).toEqual(['leads'])
  })
})

describe('the functions of search', () => {
  const calls = [
    `select * from kernel.search('northwind', array['northwind'], array[1]::bigint[], true, array['crm.leads:lead'], 2000)`,
    `select * from kernel.search('n', array['n'], array[1]::bigint[], true, array['crm.leads:lead'], 2000)`,
    `select * from kernel.search_near(array(select unnest(near) from tenant.search_word), 'n')`,
    `select * from kernel.search_any($1, array_fill(1, array[cardinality($1::bigint[])]), 1, array['crm.leads:lead'], 2000)`,
    'select * from kernel.fresh_batches(100)',
  ]

  it('show nothing without an organisation, and nothing of another one', async () => {
    const [org, other] = [await app.createOrg(), await app.createOrg()]
    const lead = await create(other, '/leads', { name: 'Northwind' })
    await indexed(other)
    await indexed(org)
    const { rows } = await admin.query<{ terms: string[] }>(
      'select array_agg(term) as terms from tenant.search_word where org_id = $1',
      [other.orgId],
    )
    const { db } = app.house
    const terms = rows[0]!.terms
    const theirs = ['northwind', lead]
    for (const text of calls) {
      const values = text.includes('$1') ? [terms] : []
      for (const place of [null, org.orgId]) {
        const answer = await db.query<{ record_id?: string }>(place, { text, values })
        const seen = JSON.stringify(answer.rows)
        expect([text, place, theirs.filter((id) => seen.includes(id))]).toEqual([text, place, []])
        if (place === null) expect([text, answer.rows]).toEqual([text, []])
      }
    }
    const own = await db.query(other.orgId, { text: calls[3]!, values: [terms] })
    expect(own.rows.length).toBeGreaterThan(0)
  })

  it('forget a record of their own organisation and no other', async () => {
    const [org, other] = [await app.createOrg(), await app.createOrg()]
    const id = await create(other, '/leads', { name: 'Ephemeral' })
    await indexed(other)
    const forget = { text: 'select kernel.forget_search($1) as n', values: [[id]] }
    const { db } = app.house
    expect((await db.query(null, forget)).rows).toEqual([{ n: 0 }])
    expect((await db.query(org.orgId, forget)).rows).toEqual([{ n: 0 }])
    expect(await titles(other, 'ephemeral')).toEqual(['Ephemeral'])
    expect((await db.query(other.orgId, forget)).rows).toEqual([{ n: 1 }])
    const { rows } = await admin.query(
      `select from tenant.search_word where org_id = $1 and word = 'ephemeral'`,
      [other.orgId],
    )
    expect(rows).toEqual([])
  })
})
