import { hash } from 'node:crypto'
import { IdempotencyInProgressError, InvalidError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { ConcurrentChangeError } from '../records/concurrent-change.ts'
import { type Idempotency, isKept, type KeptAnswer } from '../records/idempotency.ts'
import { problemType, toProblem, toRunwayError } from './problem.ts'
import type { Answer } from './route.ts'

const longestKey = 255

export interface KeyedRequest {
  readonly key: string
  /** `POST /api/v1/leads`. */
  readonly target: string
  /** Digest of whatever the request carries. */
  readonly bodyHash: string
}

interface RunOnceDeps {
  readonly idempotency: Idempotency
  /** Runs work in one transaction; the writer's, so that its own statements join. */
  transaction<T>(
    ctx: RequestContext,
    work: (ctx: RequestContext) => Promise<T>,
    options: { readonly retry: boolean },
  ): Promise<T>
}

/**
 * Runs a request once per Idempotency-Key of a principal. Where the work is writes only, its answer is
 * kept in their transaction.
 *
 * @see API.md, Idempotency-Key
 */
export function createRunOnce({ idempotency, transaction }: RunOnceDeps) {
  return async function runOnce(
    ctx: RequestContext,
    { key, target, bodyHash }: KeyedRequest,
    work: (ctx: RequestContext) => Promise<Answer>,
    options: { readonly inTransaction: boolean },
  ): Promise<Answer> {
    const scope = `${ctx.principal.type}:${ctx.principal.id ?? ''} ${target}`
    const request = { orgId: ctx.org.id, scope, key: checkKey(key), bodyHash }
    const claim = await idempotency.claim(request, ctx.now)
    if (claim.kind === 'replay') return replay(claim.answer)
    try {
      if (!options.inTransaction) {
        const answer = await work(ctx)
        if (isKept(answer.status)) await idempotency.answer(request, claim.claimId, kept(answer))
        return answer
      }
      const keepAnswer = async (inside: RequestContext) => {
        const answer = await work(inside)
        const isOurs = await idempotency.answer(request, claim.claimId, kept(answer), inside.tx)
        // Somebody took this request for dead and does the work: what was done here goes.
        if (!isOurs) throw new IdempotencyInProgressError(undefined, { retryAfter: 1 })
        return answer
      }
      return await transaction(ctx, keepAnswer, { retry: true })
    } catch (error) {
      // What a client did wrong is kept like any answer; what went wrong here may be tried again.
      const { status } = toRunwayError(error)
      if (isPassing(error) || !isKept(status)) {
        await idempotency.release(request, claim.claimId).catch(() => {})
      } else {
        const { document, headers } = toProblem(error, ctx.traceId)
        const answer = { status, body: document, headers, type: problemType }
        await idempotency.answer(request, claim.claimId, kept(answer))
      }
      throw error
    }
  }
}

/** Says nothing of the request: the next moment it may go well. */
function isPassing(error: unknown): boolean {
  return error instanceof IdempotencyInProgressError || error instanceof ConcurrentChangeError
}

export type RunOnce = ReturnType<typeof createRunOnce>

/** Equal for equal bodies, whatever their spacing was. */
export function hashBody(body: unknown): string {
  return hash('sha256', JSON.stringify(body) ?? '', 'base64url')
}

function replay({ status, headers, body }: KeptAnswer): Answer {
  const type = headers['content-type']
  return {
    status,
    ...(body === '' ? {} : { body }),
    ...(type === undefined ? {} : { type }),
    headers: { ...headers, 'idempotent-replayed': 'true' },
  }
}

function kept({ status, body, headers, type }: Answer): KeptAnswer {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  return {
    status,
    body: withoutSecrets(text),
    headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }) },
  }
}

/** What is shown once is not kept to be shown again: keys, and links with a single-use token. */
function withoutSecrets(text: string): string {
  return text
    .replace(/\b(rk_[a-z0-9]{1,12}_[A-Za-z0-9]{12})_[A-Za-z0-9]{43}\b/g, '$1')
    .replace(/\btoken=[A-Za-z0-9_-]{43}/g, 'token=')
}

function checkKey(key: string): string {
  if (key !== '' && key.length <= longestKey) return key
  const message = `An Idempotency-Key has 1 to ${longestKey} characters.`
  const code = key === '' ? 'REQUIRED' : 'TOO_LONG'
  throw new InvalidError(message, { errors: [{ path: 'Idempotency-Key', code, message }] })
}
