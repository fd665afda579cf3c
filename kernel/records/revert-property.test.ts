import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { createLedger, type Ledger } from './ledger.ts'
import type { LedgerFields } from './ledger-values.ts'
import { createRevert, type Revert } from './revert.ts'
import { storageOf } from './storage-columns.ts'
import {
  contextFor,
  entityOf,
  newOrgId,
  openFixture,
  type RecordsFixture,
  testCodecs,
} from './testing/records-fixture.ts'

let fixture: RecordsFixture
let ledger: Ledger
let revert: Revert['revert']
beforeAll(async () => {
  fixture = await openFixture()
  const { db, writer } = fixture
  ledger = createLedger({ db, codecs: testCodecs })
  revert = createRevert({ db, codecs: testCodecs, ledger, writer }).revert
})
afterAll(() => fixture.close())

const entities = ['accounts', 'opportunities', 'orders', 'lines', 'houses'].map(entityOf)
const [accounts, opportunities, orders, lines] = entities as [Entity, Entity, Entity, Entity]

/** Numbers that are turned into a write on whatever records there are at that moment. */
const command = fc.record({
  what: fc.constantFrom('create', 'update', 'delete', 'restore', 'bulk', 'revert'),
  entity: fc.nat(4),
  record: fc.nat(30),
  target: fc.nat(30),
  value: fc.nat(5),
})
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never

interface Row {
  readonly id: string
  readonly version: number
  readonly is_deleted: boolean
  readonly row: Record<string, unknown>
}

async function rowsOf(ctx: RequestContext, entity: Entity): Promise<Row[]> {
  const { rows } = await fixture.db.query<Row>(ctx.org.id, {
    text: `select t.id, t.version, t.deleted_at is not null as is_deleted, to_jsonb(t) as row from ${entity.table} t
 where org_id = $1${entity.shared ? ` and entity = '${entity.ref}'` : ''} order by id`,
    values: [ctx.org.id],
  })
  return rows
}

/** Every value of the records of `known` (or of all), without who wrote it when and how often. */
async function stateOf(ctx: RequestContext, known: ReadonlySet<string> | null): Promise<string> {
  const hash = createHash('sha256')
  for (const entity of entities)
    for (const { id, is_deleted: isDeleted, row } of await rowsOf(ctx, entity)) {
      if (known ? !known.has(id) : isDeleted) {
        // What was made since must be gone.
        if (known && !isDeleted) hash.update(`${id} is still there`)
        if (known) continue
      }
      const { version, created_at, created_by, updated_at, updated_by, deleted_at, ...values } = row
      hash.update(JSON.stringify([entity.ref, isDeleted, values]))
    }
  return hash.digest('hex')
}

async function run(ctx: RequestContext, { what, entity: n, record, target, value }: Command) {
  const { writer } = fixture
  const entity = entities[n] as Entity
  const all = await rowsOf(ctx, entity)
  const id = all.length > 0 ? all[record % all.length]!.id : null
  const idIn = async (other: Entity) => {
    const living = (await rowsOf(ctx, other)).filter((row) => !row.is_deleted)
    return living.length > 0 && target % 4 > 0 ? living[target % living.length]!.id : null
  }
  const values = async () => {
    const text = ['a', 'b', 'c', 'd', 'e', 'f'][value]!
    if (entity === accounts) return { name: text, industry: value % 2 ? text : null }
    if (entity === opportunities)
      return { name: text, externalId: text, value, accountId: await idIn(accounts) }
    if (entity === orders)
      return {
        name: text,
        details: value % 2 ? { deep: [value, null] } : null,
        accountId: await idIn(accounts),
      }
    if (entity === lines) return { text, amount: value, orderId: await idIn(orders) }
    return {
      name: text,
      price: value % 2 ? { amount: value, currency: value > 2 ? 'EUR' : 'USD' } : null,
      tags: value % 3 ? [text] : null,
      accountId: await idIn(accounts),
    }
  }
  if (what === 'create') await writer.create(ctx, entity, await values())
  else if (what === 'revert') {
    const { data } = await ledger.list(ctx)
    const change = data[record % Math.max(1, data.length)]
    if (change) await revert(ctx, change.id, { onConflict: value % 2 ? 'skip' : 'stop' })
  } else if (id === null) return
  else if (what === 'update') await writer.update(ctx, entity, id, await values())
  else if (what === 'delete') await writer.delete(ctx, entity, id)
  else if (what === 'restore') await writer.restore(ctx, entity, id)
  else
    await writer.bulk(ctx, entity, {
      atomic: value % 2 === 0,
      create: [await values()],
      update: all.slice(0, 3).map((row) => ({
        ...{ id: row.id },
        name: `v${value}`,
        ...(entity === lines ? { name: undefined, text: 'z' } : {}),
      })),
      delete: value > 3 ? [{ id }] : [],
    })
}

/** Refusals are part of life; anything else is a bug. */
async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { status } = error as { status?: number }
    if (status === undefined || status >= 500) throw error
  }
}

/** The same in every normal run, as in the suites; `RUNWAY_SEED` draws another. */
const repeatable = { seed: Number(process.env.RUNWAY_SEED ?? 20_261_125) }

describe('a random sequence of writes', () => {
  it('taken back one by one, newest first, leads back to the first state', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(command, { minLength: 4, maxLength: 8 }),
        fc.array(command, { minLength: 1, maxLength: 14 }),
        async (before, after) => {
          const ctx = contextFor({ orgId: newOrgId() })
          for (const one of before)
            await attempt(() =>
              run(ctx, { ...one, what: one.what === 'revert' ? 'create' : one.what }),
            )
          const known = new Set<string>()
          for (const entity of entities)
            for (const { id } of await rowsOf(ctx, entity)) known.add(id)
          const first = await stateOf(ctx, known)
          const old = new Set((await ledger.list(ctx, { limit: 200 })).data.map(({ id }) => id))
          for (const one of after) await attempt(() => run(ctx, one))
          const { data } = await ledger.list(ctx, { limit: 200 })
          for (const { id } of data.filter((change) => !old.has(change.id))) {
            const change = await ledger.find(ctx, id)
            if (change.state === 'reverted') continue
            const answer = await revert(ctx, id)
            expect(answer.conflicts).toEqual([])
          }
          // A revert in the sequence may have taken back what was there before: it is taken back too.
          expect(await stateOf(ctx, known)).toBe(first)
        },
      ),
      { ...repeatable, numRuns: Number(process.env.RUNS ?? 15) },
    )
  })

  it('leaves a ledger that leads from every record back to its beginning', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 8, maxLength: 25 }), async (commands) => {
        const ctx = contextFor({ orgId: newOrgId() })
        for (const one of commands) await attempt(() => run(ctx, one))
        for (const entity of entities)
          for (const row of await rowsOf(ctx, entity)) await replay(ctx, entity, row)
      }),
      { ...repeatable, numRuns: Number(process.env.RUNS ?? 10) },
    )
  })
})

/** Walks the ledger backwards: each entry must fit the state that the later ones left. */
async function replay(ctx: RequestContext, entity: Entity, { id, version, is_deleted, row }: Row) {
  const { rows } = await fixture.db.query<{ op: string; version: number; fields: LedgerFields }>(
    ctx.org.id,
    {
      text: `select op, version, fields from tenant.ledger where org_id = $1 and record_id = $2 order by version desc`,
      values: [ctx.org.id, id],
    },
  )
  const { byLedgerKey } = storageOf(entity)
  const state = new Map<string, unknown>()
  for (const [key, { column }] of byLedgerKey) {
    const custom = row.custom as Record<string, unknown>
    state.set(key, (column === null ? custom[key] : row[column]) ?? null)
  }
  let isDeleted = is_deleted
  expect(rows.map((entry) => entry.version)).toEqual(
    Array.from({ length: version }, (_, n) => version - n),
  )
  for (const { op, fields } of rows) {
    expect(isDeleted).toBe(op === 'delete')
    if (op === 'restore') isDeleted = true
    if (op === 'delete') isDeleted = false
    for (const [key, [from, to]] of Object.entries(fields ?? {})) {
      expect(state.get(key)).toEqual(to)
      state.set(key, from)
    }
  }
  expect(rows.at(-1)?.op).toBe('create')
}
