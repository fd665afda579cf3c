import type { RecordData } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export interface ApprovalConflict {
  /** Plural. */
  readonly entity: string
  readonly id: string
  readonly field: string
  readonly then: unknown
  readonly now: unknown
}

/** A request as it is now. */
export interface ApprovalState {
  readonly record: RecordData
  readonly mayDecide: boolean
  readonly mayHandOn: boolean
  /** Why whoever asks may not decide, though it waits for them. */
  readonly reason: 'own' | null
  readonly conflicts: readonly ApprovalConflict[]
}

export interface Decided {
  readonly state: string
  readonly output?: unknown
  readonly problem?: { readonly code: string; readonly detail: string }
}

export function createApprovalsApi(http: Http) {
  return {
    waiting: async () =>
      (await http.get<{ data: readonly RecordData[] }>('/approvals/waiting')).data,
    state: (id: string) => http.get<ApprovalState>(`/approvals/${id}/state`),
    decide: (id: string, decision: 'approved' | 'rejected', hash: string, comment: string | null) =>
      http.post<Decided>(`/approvals/${id}/decide`, { decision, hash, comment }),
    submit: (id: string, answers: Readonly<Record<string, unknown>>, hash: string) =>
      http.post<Decided>(`/approvals/${id}/submit`, { answers, hash }),
  }
}
