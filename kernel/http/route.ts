import type { FastifyReply, FastifyRequest } from 'fastify'
import type { RequestContext } from '../context/request-context.ts'
import type { Caller } from './authenticate.ts'
import type { Upload } from './upload.ts'

/**
 * One route as it is declared. Nothing is served that does not say who may call it, what it costs and
 * what happens when it is called twice.
 */
export interface RouteDeclaration {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, or from the root when `root` is set. */
  readonly path: string
  readonly root?: boolean
  readonly summary: string
  readonly tag: string
  /**
   * `none`: anybody. `credentials`: anybody, and a cookie comes of it, so other sites may not send it.
   * `principal`: a session or an API key. `session`: no key. `operator`: the operator's key and no other.
   */
  readonly auth: 'none' | 'credentials' | 'principal' | 'session' | 'operator'
  /** A right besides records, or null when the handler's own access to records decides. */
  readonly permission: string | null
  /** How many tokens of the bucket it takes: 1 or 5. `none` is for probes. */
  readonly rate: 'normal' | 'costly' | 'none'
  /**
   * `safe` changes nothing; `natural`: twice is as good as once; `key` honours Idempotency-Key;
   * `never`: each call is a new deed.
   */
  readonly idempotency: 'safe' | 'natural' | 'key' | 'never'
  /** Query parameters: name to JSON Schema. Any other is 400 UNKNOWN_PARAMETER. */
  readonly query: Readonly<Record<string, JsonSchema>> | 'any'
  /** JSON Schema of the body; null when there is none; `any` when the handler checks an object itself. */
  readonly body: JsonSchema | 'any' | null
  /** Whether the body may be left out. */
  readonly bodyOptional?: boolean
  /** Takes `If-Match`; the handler finds the version in `ifMatch`. */
  readonly takesVersion?: boolean
  /** Answers with the record's version as `ETag`. */
  readonly tellsVersion?: boolean
  /** JSON Schemas by status. */
  readonly response: Readonly<Record<string, JsonSchema>>
  /** Default 1 MiB. */
  readonly bodyLimit?: number
  /** Multipart instead of JSON; the handler takes the parts from the request. */
  readonly upload?: boolean
  /** Takes whatever is sent as bytes, and leaves it to the handler what they are. */
  readonly raw?: boolean
  /** Takes what an HTML form or a mail program posts: and looks at nothing of it, or gives it to the handler. */
  readonly form?: 'unread' | 'read'
  /** Does nothing but write records, so that a kept answer can join their transaction. */
  readonly writesRecords?: boolean
  /** Listed in the OpenAPI document; false for template routes, which are listed per entity. */
  readonly listed?: boolean
  /** Takes whatever no other route takes, so it says nothing about other methods of an address. */
  readonly catchAll?: boolean
  readonly handler: (call: Call) => Answer | Promise<Answer>
}

export type JsonSchema = Readonly<Record<string, unknown>>

/** What a handler has of the request. */
export interface Call {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly requestId: string
  /** Who calls; null without credentials. */
  readonly caller: Caller | null
  /** @throws UnauthenticatedError without a principal. */
  context(): RequestContext
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, string>>
  readonly body: unknown
  /** The version that the record must have, of a route that `takesVersion`. */
  readonly ifMatch: number | undefined
  /** Of a route that takes multipart. */
  readonly upload: Upload | null
}

/** What leaves. A body that is a string goes as it is, under `type`. */
export interface Answer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Of a body that is not JSON. */
  readonly type?: string
  /** Instead of a body. */
  readonly stream?: NodeJS.ReadableStream
}

export const noContent: Answer = Object.freeze({ status: 204 })

export const costOf = { none: 0, normal: 1, costly: 5 } as const

/** The beginning of everything but probes and hooks. */
export const apiPrefix = '/api/v1'
