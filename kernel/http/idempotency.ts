import { hash, randomUUID } from 'node:crypto'
import { IdempotencyInProgressError, IdempotencyKeyReusedError, InvalidError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { toProblem, toRunwayError } from './problem.ts'
import type { Answer } from './route.ts'

const longestKey = 255
const keepsHours = 24
/** A claim that nobody renewed for this long belongs to a request that died. */
const claimSeconds = 60

export interface KeyedRequest {
  readonly key: string
  /** `POST /api/v1/leads`. */
  readonly target: string
  /** Digest of whatever the request carries. */
  readonly bodyHash: string
}

interface IdempotencyDeps {
  readonly db: Database
  /** Runs work in one transaction; the writer's, so that its own statements join. */
  transaction<T>(ctx: RequestContext, work: (ctx: RequestContext) => Promise<T>): Promise<T>
}

/**
 * Runs a request once per Idempotency-Key of a principal. The claim is visible at once, so that a
 * second request is told to wait. Where the work is writes only, its answer is kept in their
 * transaction: after a crash either both are there or neither.
 *
 * @see API.md, Idempotency-Key
 */
export function createIdempotency({ db, transaction }: IdempotencyDeps) {
  return async function runOnce(
    ctx: RequestContext,
    request: KeyedRequest,
    work: (ctx: RequestContext) => Promise<Answer>,
    options: { readonly inTransaction: boolean },
  ): Promise<Answer> {
    const scope = `${ctx.principal.type}:${ctx.principal.id ?? ''} ${request.target}`
    const claim = { orgId: ctx.org.id, scope, key: checkKey(request.key), id: randomUUID() }
    const kept = await take(claim, request.bodyHash)
    if (kept) return kept
    const renewal = setInterval(() => void renew(claim).catch(() => {}), (claimSeconds * 1000) / 3)
    try {
      if (!options.inTransaction) {
        const answer = await work(ctx)
        await db.query(ctx.org.id, keeping(claim, answer))
        return answer
      }
      return await transaction(ctx, async (inside) => {
        const answer = await work(inside)
        await keep(inside.tx!, claim, answer)
        return answer
      })
    } catch (error) {
      return await settle(claim, error, ctx.traceId)
    } finally {
      clearInterval(renewal)
    }
  }

  /** @returns the answer of the first request, or null when this one is the first. */
  async function take(claim: Claim, bodyHash: string): Promise<Answer | null> {
    const [taken, found] = await db.batch(claim.orgId, [
      {
        text: `insert into tenant.idempotency as i
            (org_id, scope, key, body_hash, claim_id, claimed_until, created_at, expires_at)
          values ($1, $2, $3, $4, $5, now() + make_interval(secs => $6), now(), now() + make_interval(hours => $7))
          on conflict (org_id, scope, key) do update
            set body_hash = excluded.body_hash, claim_id = excluded.claim_id,
                claimed_until = excluded.claimed_until, created_at = excluded.created_at,
                expires_at = excluded.expires_at, status = null, headers = null, body = null
            where i.expires_at < now()
               or (i.status is null and i.claimed_until < now() and i.body_hash = excluded.body_hash)
          returning 1`,
        values: [claim.orgId, claim.scope, claim.key, bodyHash, claim.id, claimSeconds, keepsHours],
      },
      {
        text: `select body_hash, status, headers, body from tenant.idempotency
          where org_id = $1 and scope = $2 and key = $3`,
        values: [claim.orgId, claim.scope, claim.key],
      },
    ])
    if (taken!.rows.length > 0) return null
    const row = found!.rows[0] as KeptRow | undefined
    // Gone between two statements of one transaction: the first request just failed and let go.
    if (!row) throw new IdempotencyInProgressError(undefined, { retryAfter: 1 })
    if (row.body_hash !== bodyHash) throw new IdempotencyKeyReusedError()
    if (row.status === null) throw new IdempotencyInProgressError(undefined, { retryAfter: 1 })
    return {
      status: row.status,
      ...(row.body === null ? {} : { body: row.body }),
      ...typeOf(row.headers),
      headers: { ...row.headers, 'idempotent-replayed': 'true' },
    }
  }

  async function keep(tx: Tx, claim: Claim, answer: Answer): Promise<void> {
    const { rowCount } = await tx.one(keeping(claim, answer))
    // Somebody took this one for dead and does the work: what was done here goes.
    if (rowCount === 0) throw new IdempotencyInProgressError(undefined, { retryAfter: 1 })
  }

  /** What a client did wrong is kept like any answer; what went wrong here may be tried again. */
  async function settle(claim: Claim, error: unknown, requestId: string): Promise<never> {
    const { status, code } = toRunwayError(error)
    const mayRepeat = status >= 500 || status === 401 || status === 429
    if (mayRepeat || code === 'IDEMPOTENCY_IN_PROGRESS') {
      await db.query(claim.orgId, letGo(claim)).catch(() => {})
    } else {
      const { document, headers } = toProblem(error, requestId)
      const type = 'application/problem+json; charset=utf-8'
      await db.query(claim.orgId, keeping(claim, { status, body: document, headers, type }))
    }
    throw error
  }

  async function renew(claim: Claim): Promise<void> {
    await db.query(claim.orgId, {
      text: `update tenant.idempotency set claimed_until = now() + make_interval(secs => $5)
        where org_id = $1 and scope = $2 and key = $3 and claim_id = $4 and status is null`,
      values: [claim.orgId, claim.scope, claim.key, claim.id, claimSeconds],
    })
  }
}

export type RunOnce = ReturnType<typeof createIdempotency>

/** Equal for equal bodies, whatever their spacing was. */
export function hashBody(body: unknown): string {
  return hash('sha256', JSON.stringify(body) ?? '', 'base64url')
}

interface Claim {
  readonly orgId: string
  readonly scope: string
  readonly key: string
  readonly id: string
}

interface KeptRow {
  readonly body_hash: string
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>> | null
  readonly body: string | null
}

function checkKey(key: string): string {
  if (key !== '' && key.length <= longestKey) return key
  throw new InvalidError('An Idempotency-Key has 1 to 255 characters.', {
    errors: [
      {
        path: 'Idempotency-Key',
        code: key === '' ? 'REQUIRED' : 'TOO_LONG',
        message: 'It has 1 to 255 characters.',
      },
    ],
  })
}

function keeping(claim: Claim, answer: Answer): Statement {
  const { status, body, type } = answer
  const text = body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { ...answer.headers, ...(type === undefined ? {} : { 'content-type': type }) }
  return {
    text: `update tenant.idempotency set status = $5, headers = $6, body = $7
      where org_id = $1 and scope = $2 and key = $3 and claim_id = $4`,
    values: [claim.orgId, claim.scope, claim.key, claim.id, status, JSON.stringify(headers), text],
  }
}

function letGo(claim: Claim): Statement {
  return {
    text: `delete from tenant.idempotency
      where org_id = $1 and scope = $2 and key = $3 and claim_id = $4 and status is null`,
    values: [claim.orgId, claim.scope, claim.key, claim.id],
  }
}

function typeOf(headers: Readonly<Record<string, string>> | null): { type?: string } {
  const type = headers?.['content-type']
  return type === undefined ? {} : { type }
}
