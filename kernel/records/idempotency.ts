import { setTimeout as sleep } from 'node:timers/promises'
import {
  DatabaseUnavailableError,
  IdempotencyInProgressError,
  IdempotencyKeyReusedError,
  InternalError,
} from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'

/** What makes two requests the same. `scope` is principal, method and path; `bodyHash` of the body. */
export interface IdempotencyKey {
  readonly orgId: string
  readonly scope: string
  /** As the client sent it, 1 to 255 characters. */
  readonly key: string
  readonly bodyHash: string
}

export interface KeptAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** `first` has to be answered or released; `replay` is the answer of the first request. */
export type Claim =
  | { readonly kind: 'first'; readonly claimId: string }
  | { readonly kind: 'replay'; readonly answer: KeptAnswer }

const keptMs = 24 * 3_600_000
/** A request that ran longer than this has died with its node. */
const claimMs = 120_000
const sweptAtOnce = 100
/** More claims than these wait for nobody: they run out by themselves. */
const mostToRelease = 10_000

/** Keeps the first answer to an Idempotency-Key for 24 hours. */
export function createIdempotency({ db }: { readonly db: Database }) {
  /**
   * @throws IdempotencyKeyReusedError when the key came with another body, IdempotencyInProgressError
   *   while the first request still runs.
   */
  async function claim(request: IdempotencyKey, now: Date): Promise<Claim> {
    const { orgId, scope, key, bodyHash } = request
    const claimId = uuidv7()
    const values = [
      orgId,
      scope,
      key,
      bodyHash,
      claimId,
      now,
      new Date(now.getTime() + claimMs),
      new Date(now.getTime() + keptMs),
    ]
    // One statement decides: the row is ours when it is new, expired, or left behind by a dead request.
    const claiming = db.batch(orgId, [
      { name: 'idempotency_claim', text: claimText, values },
      { name: 'idempotency_sweep', text: sweepText, values: [orgId, now, sweptAtOnce] },
    ])
    const [claimed] = await claiming.catch((error) => {
      // The row may be there although nobody heard of it.
      if (error instanceof DatabaseUnavailableError) releaseLater(request, claimId)
      throw error
    })
    if (claimed?.rows.length) return { kind: 'first', claimId }
    const { rows } = await db.query<KeptRow>(orgId, {
      name: 'idempotency_find',
      text: `select claim_id, body_hash, status, headers, body from tenant.idempotency
 where org_id = $1 and scope = $2 and key = $3`,
      values: [orgId, scope, key],
    })
    const kept = rows[0]
    // Released in this very moment: who sends again gets through.
    if (!kept) throw new IdempotencyInProgressError()
    if (kept.body_hash !== bodyHash) throw new IdempotencyKeyReusedError()
    if (kept.status === null) {
      if (!toRelease.has(kept.claim_id)) throw new IdempotencyInProgressError()
      // The first request ended here, and the database was away when it should have been freed.
      await free(request, kept.claim_id)
      toRelease.delete(kept.claim_id)
      return claim(request, now)
    }
    const { status, headers, body } = kept
    return { kind: 'replay', answer: { status, headers: headers ?? {}, body: body ?? '' } }
  }

  /**
   * Keeps the answer, in the transaction of the work where there is one: after a crash both are there or
   * neither.
   *
   * @returns false when the claim was lost to a later request.
   */
  async function answer(
    request: IdempotencyKey,
    claimId: string,
    { status, headers, body }: KeptAnswer,
    tx: Tx | null = null,
  ): Promise<boolean> {
    if (!isKept(status)) throw new InternalError(`Answers of ${status} are not kept.`)
    const statement = {
      name: 'idempotency_answer',
      text: `update tenant.idempotency set status = $5, headers = $6::jsonb, body = $7
 where org_id = $1 and scope = $2 and key = $3 and claim_id = $4 and status is null`,
      values: [
        request.orgId,
        request.scope,
        request.key,
        claimId,
        status,
        JSON.stringify(headers),
        body,
      ],
    }
    const kept = await (tx ? tx.one(statement) : db.query(request.orgId, statement))
    return kept.rowCount > 0
  }

  /**
   * Frees the key after an answer that is not kept, so that the client may try again; once the database is
   * back, when it is what went away.
   */
  async function release(request: IdempotencyKey, claimId: string): Promise<void> {
    try {
      await free(request, claimId)
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) throw error
      releaseLater(request, claimId)
    }
  }

  async function free(request: IdempotencyKey, claimId: string): Promise<void> {
    await db.query(request.orgId, {
      name: 'idempotency_release',
      text: `delete from tenant.idempotency
 where org_id = $1 and scope = $2 and key = $3 and claim_id = $4 and status is null`,
      values: [request.orgId, request.scope, request.key, claimId],
    })
  }

  const toRelease = new Map<string, IdempotencyKey>()

  function releaseLater(request: IdempotencyKey, claimId: string): void {
    if (toRelease.size >= mostToRelease) return
    toRelease.set(claimId, request)
    if (toRelease.size === 1) void releaseAll()
  }

  async function releaseAll(): Promise<void> {
    for (let waitMs = 100; toRelease.size > 0; waitMs = Math.min(waitMs * 2, 2_000)) {
      await sleep(waitMs, undefined, { ref: false })
      try {
        for (const [claimId, request] of toRelease) {
          await free(request, claimId)
          toRelease.delete(claimId)
        }
      } catch (error) {
        // Whatever else is wrong will not be better in a moment.
        if (!(error instanceof DatabaseUnavailableError)) toRelease.clear()
      }
    }
  }

  return { claim, answer, release }
}
export type Idempotency = ReturnType<typeof createIdempotency>

/** 401, 429 and 5xx say nothing of the request itself. */
export function isKept(status: number): boolean {
  return status < 500 && status !== 401 && status !== 429
}

interface KeptRow {
  readonly claim_id: string
  readonly body_hash: string
  readonly status: number | null
  readonly headers: Record<string, string> | null
  readonly body: string | null
}

const claimText = `insert into tenant.idempotency as k
 (org_id, scope, key, body_hash, claim_id, created_at, claimed_until, expires_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (org_id, scope, key) do update set body_hash = excluded.body_hash, claim_id = excluded.claim_id,
 created_at = excluded.created_at, claimed_until = excluded.claimed_until, expires_at = excluded.expires_at,
 status = null, headers = null, body = null
where k.expires_at <= excluded.created_at
 or (k.status is null and k.claimed_until <= excluded.created_at and k.body_hash = excluded.body_hash)
returning 1`

const sweepText = `delete from tenant.idempotency k using (
 select scope, key from tenant.idempotency where org_id = $1 and expires_at <= $2 limit $3 for update skip locked
) old where k.org_id = $1 and k.scope = old.scope and k.key = old.key`
