import type { Http, UploadOptions } from './http.ts'

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
  readonly fileName?: string
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
  /** Words of the columns whose field has options, and the option that each stands for. */
  readonly values?: Readonly<
    Record<
      string,
      readonly { readonly text: string; readonly rows: number; readonly option: string | null }[]
    >
  >
}

export function createImportsApi(http: Http) {
  return {
    start: (file: File, spec: ImportSpec, options?: UploadOptions) => {
      const form = new FormData()
      form.append('file', file, file.name)
      form.append('spec', JSON.stringify(spec))
      return http.upload<{ id: string }>('/imports', form, options)
    },
    list: async () => (await http.get<{ data: readonly ImportInfo[] }>('/imports')).data,
    get: (id: string) => http.get<ImportInfo>(`/imports/${id}`),
    run: (id: string, changes: Pick<ImportSpec, 'columns' | 'key' | 'onDuplicate'>) =>
      http.post<unknown>(`/imports/${id}/start`, changes),
    cancel: (id: string) => http.post<unknown>(`/imports/${id}/cancel`),
  }
}
