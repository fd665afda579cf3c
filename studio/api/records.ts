import type {
  AggregateQuery,
  BulkRequest,
  BulkResult,
  FieldValues,
  Filter,
  ListQuery,
  Origin,
  Provenance,
  RecordData,
  RecordPage,
} from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export type {
  AggregateQuery,
  BulkRequest,
  BulkResult,
  FieldValues,
  ListQuery,
  RecordData,
  RecordPage,
}

/** Who did something, as the API shows it. */
export interface ActorInfo {
  readonly type: 'user' | 'key' | 'agent' | 'workflow' | 'plugin' | 'system'
  readonly id: string | null
  readonly name: string
}

/** One step in a record's history. */
export interface HistoryEntry {
  readonly changeId: string
  readonly at: string
  readonly actor: ActorInfo
  readonly version: number
  readonly op?: string
  readonly origin?: Origin
  /** Where it was found, for values from outside. */
  readonly source?: string
  readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>
}
export interface HistoryPage {
  readonly data: readonly HistoryEntry[]
  readonly page: { readonly nextCursor: string | null }
}

export interface TimelineEntry {
  readonly id: string
  readonly at: string
  readonly kind: 'change' | 'note' | 'call' | 'email' | 'task' | 'file' | 'agent' | 'approval'
  readonly actor: ActorInfo
  readonly title: string
  readonly record: { readonly entity: string; readonly id: string } | null
  readonly data: Readonly<Record<string, unknown>>
}

export type TimelineKind = TimelineEntry['kind']
export interface TimelinePage {
  readonly data: readonly TimelineEntry[]
  readonly page: { readonly nextCursor: string | null }
}

export type AggregateRow = Readonly<Record<string, unknown>>

/** Records of any entity, by its plural. */
export function createRecordsApi(http: Http) {
  return {
    /** Whether somebody who is mentioned in a record may read it. */
    reachesMention: async (
      { plural, id }: { readonly plural: string; readonly id: string },
      userId: string,
    ): Promise<boolean> =>
      (await http.get<{ reaches: boolean }>('/me/mentions', { entity: plural, id, userId }))
        .reaches,
    list: (plural: string, query: ListQuery, signal?: AbortSignal) =>
      http.get<RecordPage>(`/${plural}`, listParameters(query), signal),
    get: (plural: string, id: string, expand: readonly string[] = []) =>
      http.get<RecordData>(`/${plural}/${id}`, { expand: expand.join(',') }),
    create: (plural: string, values: FieldValues) => http.post<RecordData>(`/${plural}`, values),
    /** @param version refuses with 412 when the record has moved on. */
    update: async (plural: string, id: string, values: FieldValues, version?: number) =>
      (
        await http.request<RecordData>('PATCH', `/${plural}/${id}`, {
          body: values,
          headers: version === undefined ? {} : { 'if-match': `"${version}"` },
        })
      ).data,
    remove: (plural: string, id: string) => http.request<null>('DELETE', `/${plural}/${id}`),
    restore: (plural: string, id: string) => http.post<RecordData>(`/${plural}/${id}/restore`),
    /** @param key the same request with the same key is done once, however often it is sent. */
    bulk: async (plural: string, request: BulkRequest, key?: string) =>
      (
        await http.request<BulkResult>('POST', `/${plural}/bulk`, {
          body: request,
          headers: key === undefined ? {} : { 'idempotency-key': key },
        })
      ).data,
    /** For all that match; the server does it as a job. */
    bulkByFilter: (
      plural: string,
      request: { filter: Filter; update?: FieldValues; delete?: true; restore?: true },
    ) =>
      http.post<{ jobId: string; changeSetId: string; matched: number }>(
        `/${plural}/bulk`,
        request,
      ),
    aggregate: (plural: string, query: AggregateQuery) =>
      http.post<{ data: readonly AggregateRow[] }>(`/${plural}/aggregate`, query),
    /** @param field tells of one field alone, from its beginning. */
    history: (plural: string, id: string, query: { cursor?: string; field?: string } = {}) =>
      http.get<HistoryPage>(`/${plural}/${id}/history`, query),
    /** Where each value came from, by apiName; blank ones are not there. */
    provenance: async (plural: string, id: string) =>
      (
        await http.get<{ data: Readonly<Record<string, Provenance>> }>(
          `/${plural}/${id}/provenance`,
        )
      ).data,
    timeline: (plural: string, id: string, query: { types: readonly string[]; cursor?: string }) =>
      http.get<TimelinePage>(`/${plural}/${id}/timeline`, {
        types: query.types.join(','),
        cursor: query.cursor,
      }),
  }
}

function listParameters(query: ListQuery) {
  const hasFilter = query.filter && Object.keys(query.filter).length > 0
  return {
    filter: hasFilter ? JSON.stringify(query.filter) : undefined,
    sort: query.sort,
    fields: query.fields?.join(','),
    expand: query.expand?.join(','),
    limit: query.limit,
    cursor: query.cursor,
    offset: query.offset,
    count: query.count,
    deleted: query.deleted,
  }
}
