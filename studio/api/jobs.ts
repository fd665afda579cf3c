import type { Http } from './http.ts'

/** Long work of whoever asks, as the queue knows it. */
export interface JobInfo {
  readonly id: string
  /** `kernel:bulk_by_filter`, `platform.imports:process`. */
  readonly job: string
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly createdAt: string
  /** The id that the work has elsewhere: of an import, of an export. */
  readonly about: string | null
  readonly changeSetId: string | null
  readonly label: string | null
  readonly done: number | null
  readonly total: number | null
  /** Records that were refused; the change set names them. */
  readonly failed: number | null
}

export function createJobsApi(http: Http) {
  return {
    list: async () => (await http.get<{ data: readonly JobInfo[] }>('/jobs')).data,
    cancel: (id: string) => http.post<unknown>(`/jobs/${id}/cancel`),
  }
}
