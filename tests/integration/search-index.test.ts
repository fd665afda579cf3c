import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let admin: pg.Client
let address: string
beforeAll(async () => {
  app = await startApp()
  address = await app.listen()
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
})

async function create(caller: Caller, name: string): Promise<string> {
  const answer = await caller.call('POST', '/leads', { name })
  expect(answer.statusCode, answer.body).toBe(201)
  return answer.json<{ id: string }>().id
}
async function titles(caller: Caller, q: string): Promise<string[]> {
  const answer = await caller.call('GET', `/search?q=${encodeURIComponent(q)}`)
  expect(answer.statusCode, answer.body).toBe(200)
  return answer.json<{ data: { title: string }[] }>().data.map(({ title }) => title)
}
const wait = { interval: 20 }

/** The titles of leads that the index has, by id. */
async function indexOf({ orgId }: Caller): Promise<Map<string, string>> {
  const { rows } = await admin.query<{ id: string; title: string }>(
    `select record_id as id, title from tenant.search where org_id = $1 and entity = 'crm.leads:lead'`,
    [orgId],
  )
  return new Map(rows.map(({ id, title }) => [id, title]))
}

/** Until the index is filled and has every event. */
async function settled({ orgId }: Caller): Promise<void> {
  const question = `select exists (select from tenant.search_state where org_id = $1 and is_ready)
    and not exists (select from directory.unsent_outbox where org_id = $1)
    and not exists (
      select from directory.org_stream e left join directory.search_stream s using (org_id)
        where e.org_id = $1 and e.seq > coalesce(s.seq, 0)
    ) as settled`
  const ask = async () => (await admin.query(question, [orgId])).rows[0].settled
  await expect.poll(ask, wait).toBe(true)
}

/** What a page of open leads hears. */
async function listen(caller: Caller) {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/api/v1/live`, {
    headers: { ...caller.headers },
  })
  const heard: Record<string, unknown>[] = []
  socket.on('message', (data) => heard.push(JSON.parse(String(data))))
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.send(JSON.stringify({ type: 'subscribe', id: 'page', topics: [{ entity: 'leads' }] }))
  await expect.poll(() => heard.length, wait).toBe(1)
  return {
    hears: (id: string) => expect.poll(() => JSON.stringify(heard), wait).toContain(id),
    close: () => socket.terminate(),
  }
}

describe('the index of search', () => {
  it('holds up nobody: with it locked, pages hear of changes and what was written is found', async () => {
    const org = await app.createOrg()
    await create(org, 'Before')
    await settled(org)
    const page = await listen(org)
    await admin.query('begin')
    await admin.query(`select pg_advisory_xact_lock(hashtextextended($1, 10))`, [
      `search ${org.orgId}`,
    ])
    try {
      const id = await create(org, 'Meanwhile')
      await page.hears(id)
      const unsent = 'select from directory.unsent_outbox where org_id = $1'
      await expect.poll(async () => (await admin.query(unsent, [org.orgId])).rows, wait).toEqual([])
      expect((await indexOf(org)).has(id)).toBe(false)
      expect(await titles(org, 'meanwhile')).toEqual(['Meanwhile'])
    } finally {
      await admin.query('commit')
      page.close()
    }
    await settled(org)
    expect([...(await indexOf(org)).values()].sort()).toEqual(['before', 'meanwhile'])
  })

  it('holds up nobody when it cannot be written, and has everything once it can', async () => {
    const org = await app.createOrg()
    await create(org, 'Before')
    await settled(org)
    const page = await listen(org)
    await admin.query(`create function public.refuse() returns trigger language plpgsql as
      'begin raise exception $x$not now$x$; end';
      create trigger refuse before insert on tenant.search for each row
        when (new.org_id = '${org.orgId}') execute function public.refuse()`)
    try {
      await page.hears(await create(org, 'First'))
      await expect.poll(() => app.logLines.join(''), wait).toContain('not now')
      await page.hears(await create(org, 'Second'))
      expect(await titles(org, 'first')).toEqual(['First'])
      expect([...(await indexOf(org)).values()]).toEqual(['before'])
    } finally {
      await admin.query('drop trigger refuse on tenant.search; drop function public.refuse()')
      page.close()
    }
    await settled(org)
    expect([...(await indexOf(org)).values()].sort()).toEqual(['before', 'first', 'second'])
  })

  it('is filled again when events are gone that it never saw, and keeps nothing of what is gone', async () => {
    const org = await app.createOrg()
    const [kept, changed] = [await create(org, 'Kept'), await create(org, 'Changed')]
    const gone = await create(org, 'Gone')
    await settled(org)
    await org.call('PATCH', `/leads/${changed}`, { name: 'Changed again' })
    await org.call('DELETE', `/leads/${gone}`)
    await settled(org)
    // As if the last two were never seen and swept since.
    await admin.query(
      `update tenant.search set title = 'changed', words = ' changed' where record_id = $1`,
      [changed],
    )
    await admin.query(
      `insert into tenant.search (org_id, record_id, entity, version, title, words, terms)
        values ($1, $2, 'crm.leads:lead', 1, 'gone', ' gone', '{1}')`,
      [org.orgId, gone],
    )
    await admin.query('delete from tenant.outbox where org_id = $1', [org.orgId])
    await admin.query('update directory.search_stream set seq = 1 where org_id = $1', [org.orgId])
    const added = await create(org, 'Added')
    await expect
      .poll(async () => [...(await indexOf(org))].sort(), wait)
      .toEqual(
        [
          [kept, 'kept'],
          [changed, 'changed again'],
          [added, 'added'],
        ].sort(),
      )
  })

  /** Without an event and without an index, as records are that were there before search was. */
  async function seed(orgId: string, count: number): Promise<void> {
    await admin.query(
      `insert into tenant.crm_leads_lead (org_id, id, version, created_at, updated_at, created_by, updated_by, name, status)
        select $1, uuidv7(), 1, now(), now(), '{"type":"system"}', '{"type":"system"}', 'Old ' || chr(97 + n % 26), 'new'
          from generate_series(1, $2::integer) n`,
      [orgId, count],
    )
    // The index of the empty organisation may have been made by now.
    await admin.query('delete from tenant.search_state where org_id = $1', [orgId])
  }

  it('loses no change of a record that is made while the fill passes', async () => {
    const org = await app.createOrg()
    await seed(org.orgId, 2_500)
    await titles(org, 'old')
    const { rows } = await admin.query<{ id: string }>(
      'select id from tenant.crm_leads_lead where org_id = $1 order by id',
      [org.orgId],
    )
    const some = rows.filter((_, i) => i % 125 === 0).map(({ id }) => id)
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        some.map((id, i) =>
          (i + round) % 7 === 0
            ? org
                .call('DELETE', `/leads/${id}`)
                .then(() => org.call('POST', `/leads/${id}/restore`))
            : org.call('PATCH', `/leads/${id}`, { name: `New ${'abcd'[round]} ${i}` }),
        ),
      )
    }
    await settled(org)
    const records = await admin.query<{ id: string; name: string }>(
      'select id, lower(name) as name from tenant.crm_leads_lead where org_id = $1 and deleted_at is null',
      [org.orgId],
    )
    const wanted = new Map(records.rows.map(({ id, name }) => [id, name]))
    expect(wanted.size).toBe(2_500)
    expect(await indexOf(org)).toEqual(wanted)
  })

  it('is filled from where it was', async () => {
    const org = await app.createOrg()
    await seed(org.orgId, 60)
    await titles(org, 'old')
    await settled(org)
    const ids = [...(await indexOf(org)).keys()].sort()
    await admin.query('delete from tenant.search where org_id = $1', [org.orgId])
    await admin.query(
      `update tenant.search_state set is_ready = false, entity = 'crm.leads:lead', after = $2, done = 20
        where org_id = $1`,
      [org.orgId, ids[19]],
    )
    await app.house.queue.enqueue(org.orgId, [
      {
        plugin: 'kernel',
        job: 'search_fill',
        payload: {},
        runAs: { type: 'system', id: null, userId: null, name: 'Search' },
      },
    ])
    await settled(org)
    expect([...(await indexOf(org)).keys()].sort()).toEqual(ids.slice(20))
    const { rows } = await admin.query<{ done: number }>(
      'select done::integer from tenant.search_state where org_id = $1',
      [org.orgId],
    )
    expect(rows[0]!.done).toBeGreaterThanOrEqual(60)
  })
})
