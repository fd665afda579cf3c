import { randomUUID } from 'node:crypto'
import type { TestApp } from '../../setup/test-app.ts'

/** A request as data, so that any id in it can be replaced. */
export interface Exchange {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Multipart instead of a body. */
  readonly form?: { readonly spec: unknown; readonly file: string }
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export async function send(app: TestApp, exchange: Exchange): Promise<Answer> {
  const { method, path, query, headers, body, form } = exchange
  const search = query ? `?${new URLSearchParams(query)}` : ''
  const upload = form ? await multipart(form) : null
  const {
    statusCode,
    headers: given,
    body: text,
  } = await app.inject({
    method: method as 'GET',
    url: path + search,
    headers: { ...headers, ...upload?.headers },
    ...(upload
      ? { payload: upload.payload }
      : body === undefined
        ? {}
        : { payload: body as object }),
  })
  return { status: statusCode, headers: given as Record<string, string>, body: text }
}

async function multipart({ spec, file }: NonNullable<Exchange['form']>) {
  const form = new FormData()
  form.set('spec', JSON.stringify(spec))
  form.set('file', new File([file], 'file.csv', { type: 'text/csv' }))
  const request = new Request('http://localhost', { method: 'POST', body: form })
  return {
    headers: { 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  }
}

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

/** Every id anywhere in a request, in the order in which they stand. */
export function idsIn(exchange: Exchange): string[] {
  return JSON.stringify(exchange).match(uuids) ?? []
}

/** The request with the ids at some places replaced. */
export function withIds(exchange: Exchange, replaced: ReadonlyMap<number, string>): Exchange {
  let place = 0
  const text = JSON.stringify(exchange).replace(uuids, (id) => replaced.get(place++) ?? id)
  return JSON.parse(text) as Exchange
}

/** The request with a text put for another one, wherever it stands. */
export function withText(exchange: Exchange, text: string, by: string): Exchange {
  return JSON.parse(JSON.stringify(exchange).replaceAll(text, by)) as Exchange
}

/** An id that nothing has. */
export const nobodysId = (): string => randomUUID()

/** What differs between two answers to the same question, whoever asks and whenever. */
const unsteady: readonly (readonly [RegExp, string])[] = [
  [/"requestId":"[^"]*"/g, '"requestId":""'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<moment>'],
  [/zz\d{5}/g, '<counter>'],
  [/"(nextCursor|cursor)":"[\w-]+"/g, '"$1":"<cursor>"'],
  [/"hash":"[0-9a-f]{64}"/g, '"hash":"<hash>"'],
  [/rk_[a-z0-9]+_[A-Za-z0-9]{12}(_[A-Za-z0-9]{43})?/g, '<key>'],
  [/(token=)[\w-]{43}/g, '$1<token>'],
]

/**
 * An answer without what says nothing: the id of the request, moments, and ids. Ids that were sent are
 * known by their place in the request, so that an answer about theirs and one about a missing one compare.
 */
export function plainAnswer(answer: Answer, sent: readonly string[]): object {
  const steady = (text: string) => {
    const named = text.replace(uuids, (id) => {
      const place = sent.indexOf(id.toLowerCase())
      return place < 0 ? '<id>' : `<sent ${place}>`
    })
    return unsteady.reduce((result, [pattern, by]) => result.replace(pattern, by), named)
  }
  const headers = Object.entries(answer.headers)
    .filter(([name]) => name !== 'date' && name !== 'content-length' && name !== 'connection')
    .map(([name, value]) => [name, name === 'set-cookie' ? '<cookie>' : steady(String(value))])
  return {
    status: answer.status,
    headers: Object.fromEntries(headers),
    body: steady(answer.body),
    // The counter and the moments have one length each, so even the length says nothing.
    length: answer.headers['content-length'] ?? null,
  }
}

/** What must not get out, ids apart from words: thousands of ids are looked up and not searched for. */
interface Forbidden {
  readonly ids: ReadonlySet<string>
  readonly words: readonly string[]
}
const forbiddenOf = new WeakMap<readonly string[], Forbidden>()

function apart(canaries: readonly string[]): Forbidden {
  const isId = (canary: string) => canary.replace(uuids, '') === ''
  const made = forbiddenOf.get(canaries) ?? {
    ids: new Set(canaries.filter(isId)),
    words: canaries.filter((canary) => !isId(canary)),
  }
  forbiddenOf.set(canaries, made)
  return made
}

/** The canaries and ids in an answer that the sender did not send themselves. */
export function leaksIn(
  answer: Answer,
  forbidden: readonly string[],
  exchange: Exchange,
): string[] {
  const { ids, words } = apart(forbidden)
  const text = `${JSON.stringify(answer.headers)}\n${answer.body}`.toLowerCase()
  const told = new Set([
    ...words.filter((word) => text.includes(word)),
    ...(text.match(uuids) ?? []).filter((id) => ids.has(id)),
  ])
  if (told.size === 0) return []
  const given = JSON.stringify(exchange)
  return [...told].filter((canary) => !given.includes(canary))
}
