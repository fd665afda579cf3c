import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createIdempotency, type Idempotency } from './idempotency.ts'
import { codeOf } from './testing/record-helpers.ts'

let test: TestDatabase
let db: Database
let idempotency: Idempotency
beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  idempotency = createIdempotency({ db })
})
afterAll(async () => {
  await db.close()
  await test.drop()
})

const now = new Date('2026-03-01T09:00:00Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const request = (over: object = {}) => ({
  orgId: uuidv7(),
  scope: 'user:1 POST /api/v1/leads',
  key: 'k',
  bodyHash: 'h',
  ...over,
})
const answer = { status: 201, headers: { etag: '"1"' }, body: '{"id":1}' }

describe('a repeated Idempotency-Key', () => {
  it('gets the first answer again, for 24 hours', async () => {
    const asked = request()
    const first = await idempotency.claim(asked, now)
    if (first.kind !== 'first') throw new Error('not the first')
    expect(await idempotency.answer(asked, first.claimId, answer)).toBe(true)
    expect(await idempotency.claim(asked, later(86_399_000))).toEqual({ kind: 'replay', answer })
    expect(await idempotency.claim(asked, later(86_401_000))).toMatchObject({ kind: 'first' })
  })

  it('is refused with another body, and while the first request runs', async () => {
    const asked = request()
    const first = await idempotency.claim(asked, now)
    expect(await codeOf(idempotency.claim(asked, now))).toBe('IDEMPOTENCY_IN_PROGRESS')
    const other = { ...asked, bodyHash: 'other' }
    expect(await codeOf(idempotency.claim(other, now))).toBe('IDEMPOTENCY_KEY_REUSED')
    if (first.kind === 'first') await idempotency.release(asked, first.claimId)
    expect(await idempotency.claim(other, now)).toMatchObject({ kind: 'first' })
  })

  it('sent many times at once is claimed once', async () => {
    const asked = request()
    const codes = await Promise.all(
      Array.from({ length: 8 }, () => codeOf(idempotency.claim(asked, now))),
    )
    expect(codes.filter((code) => code === 'fine')).toHaveLength(1)
  })

  it('of a request that died is taken over, and the dead one keeps nothing', async () => {
    const asked = request()
    const dead = await idempotency.claim(asked, now)
    const next = await idempotency.claim(asked, later(121_000))
    if (dead.kind !== 'first' || next.kind !== 'first') throw new Error('not claimed')
    expect(await idempotency.answer(asked, dead.claimId, answer)).toBe(false)
    expect(await idempotency.answer(asked, next.claimId, answer)).toBe(true)
  })

  it('belongs to its principal, address and organisation', async () => {
    const asked = request()
    await idempotency.claim(asked, now)
    expect(await idempotency.claim({ ...asked, scope: 'user:2 POST /x' }, now)).toMatchObject({
      kind: 'first',
    })
    expect(await idempotency.claim({ ...asked, orgId: uuidv7() }, now)).toMatchObject({
      kind: 'first',
    })
  })

  it('keeps an answer with the work it belongs to, or neither', async () => {
    const asked = request()
    const first = await idempotency.claim(asked, now)
    if (first.kind !== 'first') throw new Error('not the first')
    const failed = db.transaction(asked.orgId, async (tx) => {
      await idempotency.answer(asked, first.claimId, answer, tx)
      throw new Error('undone')
    })
    await expect(failed).rejects.toThrow('undone')
    expect(await codeOf(idempotency.claim(asked, now))).toBe('IDEMPOTENCY_IN_PROGRESS')
  })
})
