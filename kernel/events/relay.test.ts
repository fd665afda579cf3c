import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createMemoryBus } from './bus.ts'
import { eventsAfter, type OutboxEvent, outboxStatement } from './outbox.ts'
import { createRelay, type Relay, type RelayOptions } from './relay.ts'
import { quietLog } from './testing/quiet-log.ts'

let database: TestDatabase
let db: Database
let admin: pg.Client
const relays: Relay[] = []
let orgA: string
let orgB: string

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey })
  admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await db.close()
  await database.drop()
})
beforeEach(() => {
  orgA = uuidv7()
  orgB = uuidv7()
})
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()))
})

function startRelay(options: Partial<RelayOptions> = {}) {
  const log = quietLog()
  const relay = createRelay({ db, bus: createMemoryBus(log), log, pollMs: 50, ...options })
  relays.push(relay)
  return { relay, log }
}

function collect(relay: Relay, name = 'test') {
  const heard: (OutboxEvent & { orgId: string })[] = []
  relay.subscribe(name, (orgId, events) => {
    heard.push(...events.map((event) => ({ ...event, orgId })))
  })
  return heard
}

async function emit(orgId: string, ...names: string[]): Promise<void> {
  const events = names.map((name) => ({ id: uuidv7(), event: `test.plugin:${name}`, payload: {} }))
  const batch = { batchId: uuidv7(), changeSetId: null, workflows: 'run' } as const
  await db.query(orgId, outboxStatement(orgId, events, batch))
}

/** As the writer does it, for an event of a record with a version. */
async function change(orgId: string, recordId: string, version: number, batchId = uuidv7()) {
  await db.query(orgId, {
    text: `with o as (
        insert into tenant.outbox (org_id, batch_id, id, event, entity, record_id, version, created_at)
          values ($1, $2, $3, 'record.updated', 'test:thing', $4, $5, now()) returning 1
      ) select kernel.note_outbox($1, $2) from o`,
    values: [orgId, batchId, uuidv7(), recordId, version],
  })
}

async function until(isTrue: () => boolean | Promise<boolean>, ms = 40_000): Promise<void> {
  const end = performance.now() + ms
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('It did not happen in time.')
    await sleep(5)
  }
}

/** Until when somebody holds an organisation. */
async function leaseOf(orgId: string): Promise<Date> {
  const { rows } = await admin.query(
    'select claimed_until from directory.org_stream where org_id = $1',
    [orgId],
  )
  return rows[0].claimed_until
}
async function leaseIsOver(orgId: string): Promise<void> {
  const text = 'update directory.org_stream set claimed_until = now() where org_id = $1'
  await admin.query(text, [orgId])
}

describe('the relay', () => {
  it('hands on events in the order in which they were committed, with rising numbers', async () => {
    const { relay } = startRelay()
    const heard = collect(relay)
    relay.start()
    await emit(orgA, 'one', 'two')
    await emit(orgA, 'three')
    await until(() => heard.length === 3)
    expect(heard.map((event) => event.event)).toEqual([
      'test.plugin:one',
      'test.plugin:two',
      'test.plugin:three',
    ])
    expect(heard.map((event) => event.seq)).toEqual([1, 2, 3])
  })

  it('numbers every organisation by itself', async () => {
    const { relay } = startRelay()
    const heard = collect(relay)
    await emit(orgA, 'a')
    await emit(orgB, 'b')
    await emit(orgB, 'c')
    relay.start()
    await until(() => heard.length === 3)
    const of = (org: string) => heard.filter((event) => event.orgId === org)
    expect(of(orgA).map((event) => event.seq)).toEqual([1])
    expect(of(orgB).map((event) => event.seq)).toEqual([1, 2])
  })

  it('tells the versions of one record in order when the later writer began first', async () => {
    const { relay } = startRelay()
    const heard = collect(relay)
    const record = uuidv7()
    const [early, late] = [uuidv7(), uuidv7()]
    await change(orgA, record, 1, late)
    await change(orgA, record, 2, early)
    relay.start()
    await until(() => heard.length === 2)
    expect(heard.map((event) => event.version)).toEqual([1, 2])
  })

  it('hands a commit on when it is poked, long before it looks by itself', async () => {
    const { relay } = startRelay({ pollMs: 3_600_000 })
    const heard = collect(relay)
    await emit(orgB, 'first')
    relay.start()
    await until(() => heard.length === 1)
    await emit(orgA, 'one')
    relay.poke(orgA)
    await until(() => heard.length === 2)
  })

  it('holds about a thousand events, however many wait and however large their batches are', async () => {
    const names = Array.from({ length: 250 }, (_, n) => `event${n}`)
    for (let batch = 0; batch < 16; batch++) await emit(orgA, ...names)
    const read: number[] = []
    const watched: Database = {
      ...db,
      async batch(orgId, statements) {
        const results = await db.batch(orgId, statements)
        for (const [at, { name }] of statements.entries())
          if (name === 'stream_read') read.push(results[at]!.rows.length)
        return results
      },
    }
    const { relay } = startRelay({ db: watched })
    const heard = collect(relay)
    relay.start()
    await until(() => heard.length === 4000)
    expect(new Set(heard.map((event) => event.seq)).size).toBe(4000)
    // The first read does not know yet how large they are.
    expect(Math.max(...read.slice(1))).toBeLessThanOrEqual(1000)
  })

  it('gives the events again when a subscriber fails, under the same numbers', async () => {
    const { relay, log } = startRelay()
    const heard: number[][] = []
    relay.subscribe('moody', (_, events) => {
      heard.push(events.map((event) => event.seq))
      if (heard.length === 1) throw new Error('not today')
    })
    relay.start()
    await emit(orgA, 'one', 'two')
    await until(() => heard.length === 2)
    expect(heard).toEqual([
      [1, 2],
      [1, 2],
    ])
    expect(log.lines.map((line) => line.level)).toContain('error')
  })

  it('takes over from a relay that died with the events in its hands', async () => {
    await emit(orgA, 'one')
    const dead = await db.query<{ token: number }>(null, {
      text: 'select token from kernel.claim_outbox(1, 600000, $1)',
      values: [[orgA]],
    })
    await db.query(orgA, {
      text: `with first as (select kernel.take_seq($2, 1, 600000) as seq)
        update tenant.outbox o set seq = first.seq from first where o.org_id = $1`,
      values: [orgA, dead.rows[0]!.token],
    })
    await emit(orgA, 'two')
    const { relay } = startRelay()
    const all = collect(relay)
    const heard = () => all.filter(({ orgId }) => orgId === orgA)
    relay.start()
    // It has looked, twice: others have been heard, one after the other.
    for (const [at, name] of ['b1', 'b2'].entries()) {
      await emit(orgB, name)
      await until(() => all.length === at + 1)
    }
    expect(heard()).toEqual([])
    await leaseIsOver(orgA)
    await until(() => heard().length === 2)
    expect(heard().map(({ event, seq }) => [event, seq])).toEqual([
      ['test.plugin:one', 1],
      ['test.plugin:two', 2],
    ])
  })

  it('refuses whoever lost the organisation meanwhile', async () => {
    await emit(orgA, 'one')
    const claim = () =>
      db.query<{ token: number }>(null, {
        text: 'select token from kernel.claim_outbox(1, 1, $1)',
        values: [[orgA]],
      })
    const first = (await claim()).rows[0]!.token
    await sleep(10)
    await claim()
    const [seq, batches, sent] = await db.batch(orgA, [
      { text: 'select kernel.take_seq($1, 1, 1000) as seq', values: [first] },
      { text: 'select * from kernel.unsent_batches($1, 10)', values: [first] },
      { text: `select kernel.sent_outbox($1, '{}') as held`, values: [first] },
    ])
    expect(seq!.rows[0]?.['seq']).toBeNull()
    expect(batches!.rows).toEqual([])
    expect(sent!.rows[0]?.['held']).toBe(false)
  })

  it('shares the organisations with other relays and gives no event to two of them', async () => {
    const heard = [0, 1, 2].map(() => {
      const { relay } = startRelay({ gatherMs: 1 })
      const own = collect(relay)
      relay.start()
      return own
    })
    for (let i = 0; i < 30; i++) await emit(i % 2 === 0 ? orgA : orgB, `e${i}`)
    const ours = () => heard.flat().filter(({ orgId }) => orgId === orgA || orgId === orgB)
    await until(() => ours().length >= 30)
    await sleep(100)
    const seen = ours().map((event) => `${event.orgId} ${event.seq}`)
    expect(new Set(seen).size).toBe(30)
    expect(seen.length).toBe(30)
  })

  it('keeps the organisation while a subscriber takes longer than the lease', async () => {
    const slow = startRelay({ leaseMs: 3_000 })
    const over = Promise.withResolvers<void>()
    let calls = 0
    slow.relay.subscribe('slow', async (orgId) => {
      if (orgId !== orgA) return
      calls++
      await over.promise
    })
    await emit(orgA, 'one')
    slow.relay.start()
    await until(() => calls === 1)
    const first = await leaseOf(orgA)
    let looks = 0
    const watched: Database = {
      ...db,
      query(orgId, statement) {
        if (statement.name === 'relay_claim') looks++
        return db.query(orgId, statement)
      },
    }
    const other = startRelay({ db: watched })
    const heard = collect(other.relay)
    other.relay.start()
    try {
      // The lease that it began with is over, it still holds the organisation, and the other one has looked.
      await until(async () => Date.now() > +first && +(await leaseOf(orgA)) > Date.now())
      const before = looks
      await until(() => looks >= before + 3)
      expect(heard.filter(({ orgId }) => orgId === orgA)).toEqual([])
      expect(calls).toBe(1)
    } finally {
      over.resolve()
    }
  })

  it('lets a reader go on from a cursor', async () => {
    const { relay } = startRelay()
    const heard = collect(relay)
    relay.start()
    await emit(orgA, 'one', 'two', 'three')
    await until(() => heard.length === 3)
    const { rows } = await db.query<OutboxEvent>(orgA, eventsAfter(orgA, 1, 10))
    expect(rows.map((row) => [row.event, row.seq])).toEqual([
      ['test.plugin:two', 2],
      ['test.plugin:three', 3],
    ])
    expect((await db.query(orgB, eventsAfter(orgA, 0, 10))).rows).toEqual([])
  })
})
