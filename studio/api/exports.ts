import type { Filter } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export type ExportFormat = 'csv' | 'json' | 'pdf'

export interface ExportSpec {
  readonly entity: string
  readonly format: ExportFormat
  readonly filter: Filter
  readonly sort?: string
  /** All that may be read when missing. */
  readonly columns?: readonly string[]
  readonly name: string
  readonly bom?: boolean
}

export interface ExportInfo {
  readonly id: string
  readonly format: ExportFormat
  readonly name: string
  readonly fileName: string
  readonly status: 'running' | 'done' | 'failed' | 'cancelled'
  readonly counts: { readonly rows: number; readonly matched: number }
  readonly url?: string
  readonly problem?: string
}

export function createExportsApi(http: Http) {
  return {
    start: (spec: ExportSpec) => http.post<{ id: string }>('/exports', spec),
    list: async () => (await http.get<{ data: readonly ExportInfo[] }>('/exports')).data,
    cancel: (id: string) => http.post<unknown>(`/exports/${id}/cancel`),
  }
}
