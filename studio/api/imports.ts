import type { Http } from './http.ts'

export type ImportStatus = 'reading' | 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
export type ColumnTarget = string | Readonly<Record<string, unknown>> | null

export interface ImportSpec {
  readonly entity: string
  readonly columns: Readonly<Record<string, ColumnTarget>>
  readonly key?: readonly string[]
  readonly onDuplicate?: 'update' | 'skip' | 'create'
  readonly dryRun?: boolean
}

export interface ImportInfo {
  readonly id: string
  readonly status: ImportStatus
  readonly counts: {
    readonly rows: number
    readonly created: number
    readonly updated: number
    readonly skipped: number
    readonly failed: number
  }
  readonly changeSetId?: string | null
  readonly errorsUrl?: string | null
  readonly problem?: string
  readonly preview?: ImportPreview
}

/** What a dry run found: the mapping as completed, the first rows, what is wrong with some. */
export interface ImportPreview {
  readonly columns: Readonly<Record<string, ColumnTarget>>
  readonly header: readonly string[]
  readonly rows: readonly {
    readonly line: number
    readonly values: Readonly<Record<string, unknown>>
  }[]
  readonly problems?: readonly {
    readonly line: number
    readonly column: string
    readonly value: string
    readonly message: string
  }[]
}

export function createImportsApi(http: Http) {
  return {
    start: async (file: File, spec: ImportSpec) => {
      const form = new FormData()
      form.append('file', file, file.name)
      form.append('spec', JSON.stringify(spec))
      return (await http.request<{ id: string }>('POST', '/imports', { form })).data
    },
    get: (id: string) => http.get<ImportInfo>(`/imports/${id}`),
    run: (id: string, columns: Readonly<Record<string, ColumnTarget>>) =>
      http.post<unknown>(`/imports/${id}/start`, { columns }),
    cancel: (id: string) => http.post<unknown>(`/imports/${id}/cancel`),
  }
}
