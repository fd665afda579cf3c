import type { Brand } from './brand.ts'
import type { Filter, FilterOperator } from './condition.ts'
import type { EnvironmentName } from './manifest.ts'
import type { Actor, OrgInfo, Principal } from './principal.ts'

/** A record as the API gives it: camelCase fields, `id`, `version`, and the other system fields. */
export type RecordData = {
  readonly id: string
  readonly version: number
  readonly [field: string]: unknown
}
export type FieldValues = Readonly<Record<string, unknown>>

export interface ListQuery {
  readonly filter?: Filter
  /** `-score,createdAt`. */
  readonly sort?: string
  readonly fields?: readonly string[]
  readonly expand?: readonly string[]
  /** 1 to 200, default 25. */
  readonly limit?: number
  readonly cursor?: string
  readonly offset?: number
  readonly count?: 'exact' | 'estimate'
  readonly deleted?: 'only'
}

export interface RecordPage {
  readonly data: readonly RecordData[]
  readonly page: { readonly nextCursor: string | null; readonly count?: number }
}

export interface AggregateQuery {
  readonly filter?: Filter
  readonly groupBy?: readonly {
    readonly field: string
    readonly bucket?: 'day' | 'week' | 'month' | 'quarter' | 'year'
  }[]
  readonly measures: Readonly<Record<string, Measure>>
  readonly sort?: string
  readonly limit?: number
}

export type Measure = { readonly filter?: Filter } & (
  | { readonly count: string }
  | { readonly countDistinct: string }
  | { readonly sum: string }
  | { readonly avg: string }
  | { readonly min: string }
  | { readonly max: string }
)

export interface BulkRequest {
  readonly create?: readonly FieldValues[]
  readonly update?: readonly ({ readonly id: string; readonly version?: number } & FieldValues)[]
  readonly upsert?: {
    readonly by: string
    readonly records: readonly FieldValues[]
    readonly onDuplicate?: 'update' | 'skip' | 'create'
  }
  readonly delete?: readonly { readonly id: string; readonly version?: number }[]
  /** Of deleted records; one that is not deleted stays as it is. */
  readonly restore?: readonly { readonly id: string; readonly version?: number }[]
  /** All or nothing; the default is true. */
  readonly atomic?: boolean
}

export interface BulkResult {
  readonly changeSetId: string
  readonly results: readonly {
    readonly op: 'create' | 'update' | 'upsert' | 'delete' | 'restore'
    readonly index: number
    readonly status:
      | 'created'
      | 'updated'
      | 'unchanged'
      | 'skipped'
      | 'deleted'
      | 'restored'
      | 'failed'
    readonly id?: string
    readonly problem?: {
      readonly code: string
      readonly status: number
      readonly detail: string
      readonly errors?: readonly { path: string; code: string; message: string }[]
      /** Whose value another record has already. */
      readonly field?: string
    }
  }[]
}

/** Records under the caller's ability and the plugin's capabilities. `entity` is a reference such as `crm.leads:lead`. */
export interface Records {
  list(entity: string, query?: ListQuery): Promise<RecordPage>
  /** @throws NotFoundError */
  get(
    entity: string,
    id: string,
    options?: { fields?: readonly string[]; expand?: readonly string[] },
  ): Promise<RecordData>
  aggregate(
    entity: string,
    query: AggregateQuery,
  ): Promise<{ readonly data: readonly Readonly<Record<string, unknown>>[] }>
  create(entity: string, values: FieldValues): Promise<RecordData>
  /** @param version refuses with StaleVersionError when the record has moved on. */
  update(entity: string, id: string, values: FieldValues, version?: number): Promise<RecordData>
  delete(entity: string, id: string, version?: number): Promise<void>
  restore(entity: string, id: string): Promise<RecordData>
  bulk(entity: string, request: BulkRequest): Promise<BulkResult>
  /**
   * Lets everything that leads to the records `from` lead to `to` instead: relations to one, lists, and
   * references to any entity, of all entities. For merging, in one batch with the deletes.
   *
   * @returns how many records were changed.
   * @throws StateConflictError when one of the records is gone; ForbiddenError unless all may be changed.
   */
  repoint(entity: string, from: readonly string[], to: string): Promise<number>
}

/** After this time the database ends a dry run: what is undone holds locks until then, and numbers that others wait for. */
export const longestDryRunMs = 10_000

/** A change set that stays open over many batches: an import, a long job. */
export interface OpenChangeSet {
  readonly id: string
  readonly records: Records
  /**
   * One transaction of the change set: all that `work` writes to records and to the plugin's own tables, or
   * none of it. How far a long job is, noted here, is never behind or ahead of what it wrote. Begins again
   * when others changed the same records at the same moment.
   */
  batch<T>(work: (inside: { records: Records; tables: Tables }) => Promise<T>): Promise<T>
  /** No batch after this; still revertible. */
  close(): Promise<void>
}

/** One write of one record. */
export interface WrittenRecord {
  readonly entity: string
  readonly id: string
  readonly op: 'create' | 'update' | 'delete' | 'restore'
  /** Of updates. */
  readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
}

export interface Jobs {
  /** @param key of the plugin's own contribution under `jobs`. @returns the job's id. */
  enqueue(
    key: string,
    payload: unknown,
    options?: { readonly at?: Date; readonly dedupeKey?: string },
  ): Promise<string>
  /** Several of one kind at once. @returns their ids, in order. */
  enqueueMany(
    key: string,
    jobs: readonly {
      readonly payload: unknown
      readonly at?: Date
      readonly dedupeKey?: string
    }[],
  ): Promise<readonly string[]>
  cancel(id: string): Promise<boolean>
}

/** The plugin's own operational tables; rows carry `id` (uuid) and the declared columns. */
export interface Tables {
  insert(table: string, rows: readonly FieldValues[]): Promise<readonly Row[]>
  /** The same without an answer: in a transaction it goes along with what is sent next, and costs no round trip. */
  add(table: string, rows: readonly FieldValues[]): Promise<void>
  select(
    table: string,
    query?: { where?: FieldValues; sort?: string; limit?: number },
  ): Promise<readonly Row[]>
  update(table: string, where: FieldValues, values: FieldValues): Promise<number>
  delete(table: string, where: FieldValues): Promise<number>
}
export type Row = { readonly id: string; readonly [column: string]: unknown }

export interface Http {
  /** The one outbound door: the plugin's `net` hosts only, no private addresses, no redirects. */
  fetch(
    url: string,
    init?: {
      method?: string
      headers?: Record<string, string>
      body?: string
      timeoutMs?: number
      /** In bytes: what of the answer comes after them is not received. Without it too long an answer is an error. */
      cutAt?: number
    },
  ): Promise<{
    status: number
    headers: Record<string, string>
    text(): Promise<string>
    json(): Promise<unknown>
  }>
}

export interface Log {
  debug(message: string, details?: Record<string, unknown>): void
  info(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
  error(message: string, details?: Record<string, unknown>): void
}

/**
 * All that a handler has. Made per call; holds the caller's authority and the plugin's, and no more
 * than both allow.
 */
export interface HandlerContext {
  readonly org: OrgInfo
  /** How it looks; the name is there always. */
  readonly brand: Brand & { readonly name: string }
  readonly principal: Principal
  readonly actor: Actor
  /** The platform itself, or somebody with a role that counts as admin; never a key with scopes. */
  readonly isAdmin: boolean
  /** BCP 47: what whoever asks reads, where there are words in it; else the organisation's. */
  readonly language: string
  readonly plugin: { readonly id: string; readonly version: string }
  readonly traceId: string
  readonly now: Date
  /** In [0, 1). */
  random(): number
  readonly signal: AbortSignal
  readonly log: Log
  /** @param language BCP 47; the organisation's when it is not said. */
  t(key: string, values?: Record<string, string | number>, language?: string): string
  /** Words for an entity as this organisation calls it. */
  label(entity: string, language?: string): { readonly one: string; readonly many: string }
  readonly records: Records
  /** Several writes in one transaction and one change set; all of them or none. */
  batch<T>(work: (records: Records) => Promise<T>): Promise<T>
  /**
   * One transaction and one change set for all that `work` does through the context that it is given: records,
   * tables, events, jobs, actions and services. All of it or none. Requests to the outside are no part of it.
   */
  transaction<T>(
    work: (inside: HandlerContext) => Promise<T>,
    options?: {
      readonly label?: string
      readonly door?: 'job' | 'workflow' | 'form'
      /** A uuid under which all change sets of a long deed are found, and taken back as one. */
      readonly parent?: string
      /** Within another one: committed with it, but in a change set of its own, which is not taken back with the rest. */
      readonly isApart?: boolean
      /** A change set of its own, whose values were found outside; `source` says where. */
      readonly origin?: 'external'
      readonly source?: string
      /** Nothing of it stays: what would happen, without it happening. Nothing leaves the house. Ends after `longestDryRunMs`. */
      readonly isDryRun?: boolean
    },
  ): Promise<T>
  /** Inside a transaction that will be undone. */
  readonly isDryRun: boolean
  /**
   * The same for somebody that the plugin runs, with the rights of roles and no more than the plugin's own.
   * Null is the plugin itself. Needs `capabilities.principals`.
   */
  as(principal: ActingPrincipal | null): HandlerContext
  /** What makes an effect the same one when its action runs again; a request to the outside carries it. */
  readonly effectKey: string | null
  readonly conditions: Conditions
  readonly changes: {
    open(options?: {
      readonly label?: string
      readonly door?: 'import' | 'job' | 'seed'
      readonly workflows?: 'run' | 'skip'
      /** Its values were found outside, e.g. on a web page; `source` says where. */
      readonly origin?: 'external'
      readonly source?: string
    }): Promise<OpenChangeSet>
    resume(id: string): Promise<OpenChangeSet>
    /** Inside a transaction: what was written in it until now, as far as whoever acts may read it. */
    written(): Promise<readonly WrittenRecord[]>
  }
  readonly actions: {
    /**
     * @param options.effectKey the same each time that this one deed is tried, at most 200 characters.
     * @throws StateConflictError with `extra.approvalId` when somebody has to agree first.
     */
    run(action: string, input: unknown, options?: { readonly effectKey?: string }): Promise<unknown>
  }
  readonly events: {
    emit(
      key: string,
      payload: FieldValues,
      record?: { entity: string; id: string },
    ): Promise<void> /** Hint to open pages, not kept. */
    progress(topic: string, payload: FieldValues): void
  }
  readonly jobs: Jobs
  readonly tables: Tables
  readonly http: Http
  readonly secrets: {
    get(name: string): Promise<string | null>
    set(name: string, value: string): Promise<void>
    delete(name: string): Promise<void>
  }
  /** The plugin's settings in this organisation, defaults filled in. */
  settings<T = FieldValues>(key?: string): Promise<T>
  /**
   * What the operator configured for the whole deployment, as `capabilities.environment` names it; null
   * when nothing is configured.
   *
   * @throws ForbiddenError for a name that the plugin did not declare.
   */
  environment(name: EnvironmentName): string | null
  /**
   * An address that anybody who has it may open, for mails. It holds for one path of the plugin's own routes
   * of `auth: "link"`, for this organisation and this subject.
   *
   * @param path as the route declares it: `/forms/leave/:token`.
   * @param subject at most 500 characters; whoever has the link can read it.
   * @throws RangeError when the plugin contributes no such route.
   */
  publicLink(
    path: string,
    subject: string,
    /** `until` gives the same address each time. */
    options?: { readonly days?: number; readonly until?: Date },
  ): string
  readonly services: {
    /** @throws StateConflictError when no enabled plugin offers it. */ get<
      T = Record<string, (input: unknown) => Promise<unknown>>,
    >(name: string, version: number): T
  }
  /** Files that belong to the plugin in this organisation, for uploads and error files. */
  readonly files: {
    write(
      name: string,
      content: string | Uint8Array | AsyncIterable<string | Uint8Array>,
    ): Promise<string>
    path(fileId: string): Promise<string>
    remove(fileId: string): Promise<void>
  }
  /** What the model says of entities, for plugins that work on any of them (imports, exports). */
  readonly model: {
    /** @param language BCP 47, of its labels; the organisation's when it is not said. */
    entity(refOrPlural: string, language?: string): EntityInfo | null
    entities(): readonly EntityInfo[]
    /** Null when no enabled plugin has it. */
    action(ref: string): ActionSummary | null
    /** References of the events that enabled plugins have. */
    events(): readonly string[]
    /** What others contribute to a point that this plugin declares, those who are enabled, by reference. */
    contributions<T = FieldValues>(point: string): ReadonlyMap<string, T>
  }
}

/** Whom a plugin runs: what it does is shown under this name. */
export interface ActingPrincipal {
  readonly type: 'workflow' | 'agent'
  /** A uuid or a key that leads people to what was run. */
  readonly id: string
  readonly name: string
  /** References under `roles`. */
  readonly roles: readonly string[]
}

/** The operators of filters, on values in memory. */
export interface Conditions {
  /**
   * Whether a record, as the API gives it, meets a filter: the same answer as the database's.
   *
   * @returns null when the filter follows a relation that the record does not carry expanded.
   * @throws BadFilterError, UnknownFieldError
   */
  match(entity: string, filter: Filter, record: FieldValues): boolean | null
  /** One operator on plain JSON; `@today-7d` and the like where the value is a date or a moment. */
  compare(operator: FilterOperator, value: unknown, operand: unknown): boolean
}

export interface ActionSummary {
  readonly ref: string
  readonly label: string
  readonly risk: 'read' | 'write' | 'external' | 'destructive'
  readonly approval: 'never' | 'always' | null
  /** What one call costs, where that is known before. */
  readonly cost: { readonly unit: string; readonly amount: number } | null
  readonly on: { readonly entity: string; readonly as: string; readonly multiple: boolean } | null
}

/** An entity as handlers and the studio see it: only what the reader may know. */
export interface EntityInfo {
  readonly ref: string
  readonly plugin: string
  readonly key: string
  readonly plural: string
  readonly label: string
  readonly labelPlural: string
  readonly description?: string
  readonly icon?: string
  readonly color?: number
  readonly order: number
  readonly titleField: string
  readonly subtitleField?: string
  readonly hidden: boolean
  /** Each record is its owner's alone, whatever roles say. */
  readonly isPrivate: boolean
  readonly fields: readonly FieldInfo[]
  /** What the reader may do in general; single records may still be refused. */
  readonly can: {
    readonly create: boolean
    readonly read: boolean
    readonly update: boolean
    readonly delete: boolean
  }
}

export interface FieldInfo {
  readonly key: string
  /** The property of the record: `account` is carried as `accountId`. */
  readonly apiName: string
  readonly type: string
  readonly kind: string
  readonly editor: string
  readonly display: string
  readonly label: string
  readonly help?: string
  readonly order: number
  readonly required: boolean
  readonly unique: boolean
  readonly readOnly: boolean
  /** Worked out or numbered by the platform: nobody writes it. */
  readonly computed: boolean
  readonly hidden: boolean
  readonly default?: unknown
  readonly to?: string
  readonly options?: readonly {
    readonly key: string
    readonly label: string
    readonly color?: number
    readonly category?: string
    readonly hidden?: boolean
  }[]
  readonly params: Readonly<Record<string, unknown>>
  /** Those whose conditions look at what the reader may see, as filter JSON. */
  readonly rules?: readonly {
    readonly effect: 'show' | 'require' | 'lock'
    readonly when: Readonly<Record<string, unknown>>
  }[]
  /** What a computed field is worked out from, `round(price / area, 2)`; not for whom part of it is hidden. */
  readonly source?: string
  readonly min?: number
  readonly max?: number
  readonly maxLength?: number
  readonly operators: readonly string[]
  readonly sortable: boolean
  readonly groupable: boolean
  readonly measures: readonly string[]
  /** Which layer brought it. */
  readonly from: string
  readonly can: { readonly read: boolean; readonly create: boolean; readonly update: boolean }
}
