import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { contextKey } from '../../kernel/database/org-context.ts'
import { createDatabase } from '../../kernel/database/postgres.ts'
import { uuidv7 } from '../../kernel/database/uuid.ts'
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts'
import { randomTransactions } from './support/random-transactions.ts'
import { suiteRandom, suiteScale, suiteTimeoutMs } from './support/scale.ts'
import { type ProbeWorld, probes } from './support/sql-probes.ts'
import {
  dropChecks,
  insertSql,
  madeUpRow,
  type TenantTable,
  tenantTables,
} from './support/tenant-tables.ts'

/** Every table of organisations, with rows of two, as the server's role reaches them. */
let test: TestDatabase
let admin: pg.Client
let tables: TenantTable[]
let world: ProbeWorld
const random = suiteRandom('isolation in SQL')

vi.setConfig({ testTimeout: suiteTimeoutMs })

beforeAll(async () => {
  test = await createTestDatabase()
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
  await dropChecks(admin)
  tables = await tenantTables(admin)
  const rows = new Map<string, Record<string, unknown>[]>()
  const [ours, theirs] = [uuidv7(), uuidv7()]
  for (const table of tables) {
    for (const orgId of [ours, theirs]) {
      const made = [madeUpRow(table, orgId, 'kept')]
      // Some tables have one row per organisation.
      if (table.key.length > 1) made.push(madeUpRow(table, orgId, 'kept'))
      for (const row of made) await admin.query(insertSql(table), [row])
      rows.set(`${table.name} ${orgId}`, made)
    }
  }
  world = {
    serverUrl: test.serverUrl,
    contextKey: contextKey(test.secretKey),
    ours,
    theirs,
    rowsOf: ({ name }, orgId) => rows.get(`${name} ${orgId}`) ?? [],
  }
})
afterAll(async () => {
  await admin?.end()
  await test?.drop()
})

describe('every table of organisations', () => {
  it('is among those that are probed', () => {
    expect(tables.map(({ name }) => name)).toContain('tenant.crm_leads_lead')
    expect(tables.length).toBeGreaterThan(25)
    expect(Object.keys(probes)).toHaveLength(14)
  })

  for (const [name, probe] of Object.entries(probes)) {
    it(`is not reached ${name}`, async () => {
      const findings: string[] = []
      for (const table of tables) {
        for (const finding of await probe(table, world)) findings.push(`${table.name}: ${finding}`)
      }
      expect(findings).toEqual([])
    })
  }

  it('has its rows as they were after all of it', async () => {
    for (const { name } of tables) {
      const { rows } = await admin.query(
        `select org_id, count(*)::int as n from ${name} group by 1`,
      )
      const counts = Object.fromEntries(rows.map((row) => [row.org_id, row.n]))
      const expected = [world.ours, world.theirs].map((orgId) => [
        orgId,
        world.rowsOf({ name } as TenantTable, orgId).length,
      ])
      expect(counts, name).toEqual(Object.fromEntries(expected))
    }
  })
})

describe('random transactions of two organisations', () => {
  it('leave what each of them did, and nothing of the other', async () => {
    const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey, poolSize: 2 })
    const many = 1_000 * suiteScale
    const report = await randomTransactions({ db, admin, tables, random, many })
    console.info(
      `isolation in SQL: ${tables.length * 14} probes, ${report.transactions} random transactions, ${report.statements} statements`,
    )
    await db.close()
    expect(report.findings).toEqual([])
    expect(report.transactions).toBeGreaterThanOrEqual(many)
  })
})
