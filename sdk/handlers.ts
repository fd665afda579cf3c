import type { FieldValues, HandlerContext, RecordData } from './context.ts'
import type { FieldTypeHandler } from './field-type.ts'
import type { Actor, Door, OrgInfo, Principal } from './principal.ts'

/** Runs an action, a job or a service method: validated input in, output out. */
export type RunHandler = (input: never, ctx: HandlerContext) => Promise<unknown> | unknown

/** Decides about an action before it runs. */
export type GuardHandler = (
  call: GuardCall,
  ctx: HandlerContext,
) => Promise<GuardDecision> | GuardDecision
export interface GuardCall {
  readonly action: string
  readonly risk: 'read' | 'write' | 'external' | 'destructive'
  readonly input: unknown
  readonly inputHash: string
  readonly principal: Principal
  readonly records: { readonly entity: string; readonly ids: readonly string[] } | null
  readonly approval: 'never' | 'always' | null
}
export type GuardDecision =
  | { readonly decision: 'allow' }
  | {
      readonly decision: 'deny'
      readonly code: string
      readonly status: number
      readonly reason: string
    }
  | { readonly decision: 'defer'; readonly approvalId: string; readonly expiresAt: string }

/** Runs inside the transaction of a write, within 50 ms, without I/O. */
export type HookHandler = (change: HookChange, ctx: HookContext) => HookOutcome | undefined
export interface HookChange {
  readonly operation: 'create' | 'update' | 'delete'
  readonly before: RecordData | null
  /** The values being written, as the API carries them. */
  readonly values: FieldValues
}
export interface HookContext {
  readonly now: Date
  readonly org: OrgInfo
  readonly principal: Principal
  /** Through which the change comes; `revert` for one that takes another back. */
  readonly door: Door
  /** All settings of the plugin in this organisation, defaults filled in. */
  readonly settings: FieldValues
}
export interface HookOutcome {
  /** Values to write besides. */
  readonly set?: FieldValues
  /** Refuses the write; `field` points at the value. */
  readonly refuse?: { readonly message: string; readonly field?: string }
}

/**
 * Runs once records are written, in the same transaction and change set, with what its plugin may do and
 * not only with what the actor may: totals follow their lines whoever changes those. What it throws undoes
 * the write. May read and write records; nothing else waits for the commit.
 */
export type AfterHookHandler = (change: AfterChange, ctx: HandlerContext) => Promise<void>
export interface AfterChange {
  readonly operation: 'create' | 'update' | 'delete' | 'restore'
  readonly door: Door
  readonly records: readonly {
    readonly id: string
    /** As it was; null for a new or restored one. */
    readonly before: RecordData | null
  }[]
}

/** Hears of what was committed. What it throws brings the same events again, later. */
export type SubscriberHandler = (
  news: { readonly events: readonly EventNews[] },
  ctx: HandlerContext,
) => Promise<void>
export interface EventNews {
  /** Rises per organisation; the same when an event comes again. */
  readonly seq: number
  /** `record.created|updated|deleted|restored`, or a plugin's event by its reference. */
  readonly event: string
  readonly entity: string | null
  readonly id: string | null
  readonly version: number | null
  readonly at: string
  readonly changeSetId: string | null
  /** Who did it, and through which door; null when no change set tells. */
  readonly actor: Actor | null
  readonly door: Door | null
  /** Of an update: what changed, as the API names it. */
  readonly fields: readonly string[]
  /** Of an update: values before and after, when the subscriber asks for `changes`. */
  readonly changes?: Readonly<Record<string, FieldChangeNews>>
  /** Of a plugin's event. */
  readonly payload: FieldValues
}

export interface FieldChangeNews {
  readonly from: unknown
  readonly to: unknown
}

/**
 * Says what a subscriber wants to hear of now: `record.created crm.leads:lead` of one entity, or an event of
 * any, or `*` for all. Asked for each bunch of events, so it is to answer at once.
 */
export type WantedHandler = (
  input: null,
  ctx: HandlerContext,
) => Promise<readonly string[]> | readonly string[]

export type RouteHandler = (
  request: RouteRequest,
  ctx: HandlerContext,
) => Promise<RouteReply> | RouteReply
export interface RouteRequest {
  readonly params: Readonly<Record<string, string>>
  readonly query: Readonly<Record<string, unknown>>
  readonly body: unknown
  readonly upload: {
    readonly path: string
    readonly name: string
    readonly type: string
    readonly size: number
    readonly fields: Readonly<Record<string, string>>
  } | null
  /** Of a route of `auth: "hook"`; nobody has verified it yet. */
  readonly hook?: HookCall
  /** BCP 47: what whoever asks reads (`Accept-Language`), where there are words in it; else the organisation's. */
  readonly language: string
  /** Of routes of `auth: "link"`. */
  readonly visit?: Visit
}

/** What is known of somebody without an account. */
export interface Visit {
  /** The same for one network on one day, in this organisation and plugin; the address does not follow from it. */
  readonly mark: string
  /** The address that was called, with its query. */
  readonly address: string
  readonly referrer: string | null
  /** The page stands in another one. */
  readonly isFramed: boolean
  /** A browser, which shows a page; a program reads problems as JSON. */
  readonly wantsPage: boolean
}
export interface HookCall {
  /** The body as it came, at most 1 MiB and never compressed. */
  readonly body: Uint8Array
  /** By name in lower case: those that the route names, and never credentials. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * The body as JSON, as bodies of the API are read: 32 levels, no name that reaches a prototype.
   *
   * @throws BadJsonError, TooDeepError, InvalidError
   */
  json(): unknown
}
export interface RouteReply {
  readonly status: number
  /** What a route of `auth: "link"` answers with; or a `body`, or a `location` that the link's plugin knows. */
  readonly page?: PublicPage
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Instead of a body: a file of `ctx.files`, or one that is kept elsewhere. */
  readonly file?:
    | { readonly id: string; readonly name: string; readonly type: string }
    | {
        readonly name: string
        readonly type: string
        /** In bytes. */
        readonly size: number
        /** Shown by the browser instead of saved, where its type can do no harm. */
        readonly isInline?: boolean
        /** Called when the content is sent; a request for the headers alone does not. */
        open(): Promise<NodeJS.ReadableStream>
      }
}

/** A plain page of the kernel's making; the button posts to the page's own address. */
export interface PublicPage {
  readonly title: string
  readonly text: readonly string[]
  readonly button?: string
  /** BCP 47, of the words; decides the direction, too. */
  readonly language?: string
  /** Looks as the organisation does, and not plain. */
  readonly isBranded?: boolean
  readonly form?: PublicForm
  /** Origins of sites in whose pages it may stand; nowhere when missing. */
  readonly embeddedIn?: readonly string[]
}

/** What the public fills in. The kernel draws it; what comes back, the plugin checks. */
export interface PublicForm {
  /** The path of an address that `ctx.publicLink` made, so that it holds under any host; the page's own when missing. */
  readonly action?: string
  readonly button: string
  /** Said above the fields when something is wrong. */
  readonly problem?: string
  readonly fields: readonly PublicField[]
  /** Values that come back as they are. */
  readonly kept?: Readonly<Record<string, string>>
  /** A field that people do not see and programs fill in. */
  readonly trap?: { readonly name: string; readonly label: string }
  /** Origins that an answer may lead to. */
  readonly leadsTo?: readonly string[]
}

export interface PublicField {
  readonly name: string
  readonly label: string
  /** `lines` is a long text, `check` one box, `choice` one of the options, `choices` any of them. */
  readonly control:
    | 'text'
    | 'email'
    | 'tel'
    | 'url'
    | 'number'
    | 'date'
    | 'time'
    | 'month'
    | 'datetime-local'
    | 'lines'
    | 'check'
    | 'choice'
    | 'choices'
  readonly help?: string
  readonly isRequired?: boolean
  readonly value?: string | readonly string[]
  readonly options?: readonly { readonly value: string; readonly label: string }[]
  readonly maxLength?: number
  readonly autocomplete?: string
  /** Said below the field. */
  readonly problem?: string
}

export type SeedHandler = (
  options: { readonly size: 'small' | 'full' },
  ctx: HandlerContext,
) => Promise<void>

export type Handler =
  | RunHandler
  | GuardHandler
  | HookHandler
  | AfterHookHandler
  | RouteHandler
  | SubscriberHandler
  | WantedHandler
  | SeedHandler
  | FieldTypeHandler

/** Names the handlers of a plugin; the module in `main` exports the result as `handlers`. */
export function defineHandlers<const T extends Record<string, Handler>>(handlers: T): T {
  return handlers
}
