import type { OtherSession } from '../composables/use-session.ts'
import { ApiError, isOtherSession } from './api-error.ts'

export type QueryValues = Readonly<Record<string, string | number | boolean | null | undefined>>

export interface RequestOptions {
  readonly query?: QueryValues
  readonly body?: unknown
  readonly form?: FormData
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

export interface UploadOptions {
  /** @param share from 0 to 1. */
  readonly onProgress?: (share: number) => void
  readonly signal?: AbortSignal | undefined
}

export interface Answer<T> {
  readonly data: T
  readonly status: number
  readonly headers: Headers
}

/** The one way to the server. Paths begin behind `/api/v1`. */
export interface Http {
  /** @throws {ApiError} for every answer that is not 2xx, and with status 0 when there is none. */
  request<T>(method: string, path: string, options?: RequestOptions): Promise<Answer<T>>
  get<T>(path: string, query?: QueryValues, signal?: AbortSignal): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  /** Sends a form and tells how far it is, which `fetch` cannot. @throws {ApiError} */
  upload<T>(path: string, form: FormData, options?: UploadOptions): Promise<T>
}

export const apiBase = '/api/v1'

/** @param onUnauthenticated called when a session has ended, so that the app shows the sign-in. */
export function createHttp(deps: {
  readonly fetch: typeof globalThis.fetch
  readonly onUnauthenticated?: () => void
  /** For whom a request is meant, `<organisation>:<member>`: the browser's session may be another's by now. */
  readonly as?: () => string | null
  readonly onOtherSession?: (whose: OtherSession) => void
  /** Told of every request whether there was an answer at all. */
  readonly onAnswer?: (isAnswered: boolean) => void
  /** In which the words of the model are wanted, as `Accept-Language` has it. */
  readonly language?: () => string
  /** What every request to a path carries besides. */
  readonly headersFor?: (path: string) => Readonly<Record<string, string>>
  /** Without it uploads go by `fetch` and tell no progress. */
  readonly createUpload?: () => XMLHttpRequest
}): Http {
  async function request<T>(
    method: string,
    path: string,
    options: RequestOptions = {},
  ): Promise<Answer<T>> {
    const headers: Record<string, string> = {
      accept: 'application/json',
      ...deps.headersFor?.(path),
      ...options.headers,
    }
    const language = deps.language?.()
    if (language) headers['accept-language'] = language
    Object.assign(headers, meantFor(path))
    if (options.body !== undefined) headers['content-type'] = 'application/json'
    let response: Response
    try {
      response = await deps.fetch(`${apiBase}${path}${queryString(options.query)}`, {
        method,
        headers,
        credentials: 'same-origin',
        body: options.form ?? (options.body === undefined ? null : JSON.stringify(options.body)),
        signal: options.signal ?? null,
      })
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error
      deps.onAnswer?.(false)
      throw new ApiError(0, { detail: 'The server cannot be reached.' }, error)
    }
    // A proxy answers for a server that is away.
    deps.onAnswer?.(![502, 503, 504].includes(response.status))
    const data = readBody(await response.text(), response.headers.get('content-type'))
    if (response.ok) return { data: data as T, status: response.status, headers: response.headers }
    throw failureOf(response.status, data)
  }

  function failureOf(status: number, data: unknown): ApiError {
    const problem = typeof data === 'object' && data !== null ? data : {}
    const failure = new ApiError(status, problem as Record<string, unknown>)
    if (failure.code === 'UNAUTHENTICATED') deps.onUnauthenticated?.()
    if (isOtherSession(failure)) deps.onOtherSession?.(failure.extra['session'] as OtherSession)
    return failure
  }

  /** The doors themselves are for whoever stands there. */
  function meantFor(path: string): Readonly<Record<string, string>> {
    const as = /^\/auth\/(?!me$)/.test(path) ? null : deps.as?.()
    return as ? { 'x-runway-as': as } : {}
  }

  function upload<T>(path: string, form: FormData, options: UploadOptions = {}): Promise<T> {
    const sending = deps.createUpload?.()
    if (!sending)
      return request<T>('POST', path, { form, signal: options.signal }).then(({ data }) => data)
    return new Promise((resolve, reject) => {
      const fail = () => reject(new ApiError(0, { detail: 'The server cannot be reached.' }))
      sending.upload.onprogress = ({ loaded, total, lengthComputable }) =>
        options.onProgress?.(lengthComputable && total > 0 ? loaded / total : 0)
      sending.onerror = fail
      sending.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'))
      sending.onload = () => {
        const data = readBody(sending.responseText, sending.getResponseHeader('content-type'))
        if (sending.status >= 200 && sending.status < 300) resolve(data as T)
        else reject(failureOf(sending.status, data))
      }
      options.signal?.addEventListener('abort', () => sending.abort(), { once: true })
      sending.open('POST', `${apiBase}${path}`)
      sending.setRequestHeader('accept', 'application/json')
      for (const [name, value] of Object.entries(meantFor(path)))
        sending.setRequestHeader(name, value)
      sending.send(form)
    })
  }

  return {
    request,
    upload,
    get: async <T>(path: string, query?: QueryValues, signal?: AbortSignal) =>
      (await request<T>('GET', path, { ...(query ? { query } : {}), signal })).data,
    post: async <T>(path: string, body?: unknown) =>
      (await request<T>('POST', path, { body: body ?? {} })).data,
  }
}

function queryString(query: QueryValues | undefined): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {}))
    if (value !== undefined && value !== null && value !== '') params.set(name, String(value))
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

function readBody(text: string, type: string | null): unknown {
  if (text === '') return null
  if (!/json/.test(type ?? '')) return text
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
