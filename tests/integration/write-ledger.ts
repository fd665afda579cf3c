import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

/** One attempt to create a lead, and what came of it. */
export interface Attempt {
  readonly name: string
  readonly key: string
  readonly body: string
  /** Null: no answer came, the connection broke. */
  readonly status: number | null
  readonly code: string | null
  readonly retryAfter: string | null
  /** Of an acknowledged one. */
  readonly id: string | null
  /** When it was sent and answered, as `performance.now()`. */
  readonly sentAt: number
  readonly answeredAt: number
}

export interface Account {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Signs up through HTTP; the session's cookie goes with every call. */
export async function signUp(url: string): Promise<Account & { readonly orgId: string }> {
  const answer = await fetch(`${url}/api/v1/auth/signup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      orgName: 'Acme',
      email: `${randomUUID()}@example.test`,
      password: 'correct-horse-battery',
    }),
  })
  if (answer.status !== 201) throw new Error(`Sign-up answered ${answer.status}`)
  const { orgId } = (await answer.json()) as { orgId: string }
  const cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!
  return { url, orgId, headers: { cookie } }
}

/** Creates one lead under an idempotency key and never throws. */
export async function attempt(
  account: Account,
  lead: { readonly name: string; readonly key: string; readonly notes?: string },
): Promise<Attempt> {
  const sentAt = performance.now()
  const body = JSON.stringify({ name: lead.name, ...(lead.notes ? { notes: lead.notes } : {}) })
  const base = { name: lead.name, key: lead.key, body, sentAt }
  try {
    const answer = await fetch(`${account.url}/api/v1/leads`, {
      method: 'POST',
      headers: {
        ...account.headers,
        'content-type': 'application/json',
        'idempotency-key': lead.key,
      },
      body,
      signal: AbortSignal.timeout(40_000),
    })
    const told = (await answer.json()) as { id?: string; code?: string }
    return {
      ...base,
      status: answer.status,
      code: told.code ?? null,
      retryAfter: answer.headers.get('retry-after'),
      id: told.id ?? null,
      answeredAt: performance.now(),
    }
  } catch {
    const answeredAt = performance.now()
    return { ...base, status: null, code: null, retryAfter: null, id: null, answeredAt }
  }
}

/** Writers that create leads one after the other until they are told to stop. */
export function startLoad(account: Account, options: { writers: number; notes?: string }) {
  const attempts: Attempt[] = []
  let stopped = false
  const writers = Array.from({ length: options.writers }, async () => {
    while (!stopped) {
      const key = randomUUID()
      const lead = { name: `Lead ${key}`, key, ...(options.notes ? { notes: options.notes } : {}) }
      const made = await attempt(account, lead)
      attempts.push(made)
      // As a client does that was told to come back, in smaller steps so that the test stays short.
      if (made.status !== 201) await sleep(50)
    }
  })
  return {
    attempts,
    acknowledged: () => attempts.filter(({ status }) => status === 201).length,
    async stop(): Promise<readonly Attempt[]> {
      stopped = true
      await Promise.all(writers)
      return attempts
    },
  }
}

/** Every lead of the organisation by its id. */
export async function allLeads(account: Account): Promise<ReadonlyMap<string, string>> {
  const leads = new Map<string, string>()
  let cursor: string | null = null
  do {
    const more: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`
    const answer = await fetch(`${account.url}/api/v1/leads?limit=200&fields=name${more}`, {
      headers: account.headers,
    })
    if (answer.status !== 200) throw new Error(`${answer.status} ${await answer.text()}`)
    const page = (await answer.json()) as {
      data: { id: string; name: string }[]
      page: { nextCursor: string | null }
    }
    for (const { id, name } of page.data) leads.set(id, name)
    cursor = page.page.nextCursor
  } while (cursor !== null)
  return leads
}

export interface Loss {
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** Names that are there more than once. */
  readonly twice: readonly string[]
}

/**
 * Compares what was acknowledged with what is there, after sending whatever was not acknowledged again
 * under its own key: each lead must then be there once.
 */
export async function findLoss(account: Account, attempts: readonly Attempt[]): Promise<Loss> {
  const before = await allLeads(account)
  const lost = attempts
    .filter(({ status, id }) => status === 201 && !before.has(id!))
    .map(({ name }) => name)
  for (const open of attempts.filter(({ status }) => status !== 201)) {
    const { notes } = JSON.parse(open.body) as { notes?: string }
    const again = await attempt(account, { ...open, ...(notes ? { notes } : {}) })
    if (again.status !== 201) lost.push(`${open.name}: ${again.status} ${again.code}`)
  }
  const counts = new Map<string, number>()
  for (const name of (await allLeads(account)).values()) {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  lost.push(...attempts.map(({ name }) => name).filter((name) => !counts.has(name)))
  return { lost, twice: [...counts].filter(([, count]) => count > 1).map(([name]) => name) }
}

/** What clients were told besides 201, as a count by status and code. */
export function tally(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, code } of attempts) {
    const kind = status === null ? 'no answer' : [status, code].filter(Boolean).join(' ')
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}
