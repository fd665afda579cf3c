import type { Http } from './http.ts'
import type { ActorInfo } from './records.ts'

/** One change to the draft of the organisation's own layer. */
export interface DraftOperation {
  readonly op: 'set' | 'unset'
  /** The contribution of another layer that is overridden; none is the own layer. */
  readonly target?: string
  readonly path: readonly string[]
  /** What the editor saw. */
  readonly from?: unknown
  readonly value?: unknown
}
export interface PlanItem {
  readonly severity: 'safe' | 'breaking' | 'destructive'
  readonly path: readonly string[] | string
  readonly text: string
  readonly affects?: unknown
}
export interface Plan {
  readonly hash: string
  readonly items: readonly PlanItem[]
}
export interface Revision {
  readonly revision: number
  readonly message: string
  readonly author: ActorInfo
  readonly createdAt: string
  /** The revision that it brought back. */
  readonly restores: number | null
}

/** As far as anything here looks at it. */
export interface Draft {
  readonly changed: boolean
  readonly document: {
    readonly contributes: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly overrides: readonly { readonly target: string; readonly path: readonly string[] }[]
  }
}

export function createStudioApi(http: Http) {
  return {
    draft: () => http.get<Draft>('/studio/draft'),
    edit: async (ops: readonly DraftOperation[]) =>
      (await http.request<unknown>('PATCH', '/studio/draft', { body: { ops } })).data,
    plan: () => http.post<Plan>('/studio/plan'),
    publish: (hash: string, message: string) =>
      http.post<{ revision: number }>('/studio/publish', { hash, message }),
    rollBack: (revision: number) =>
      http.post<{ revision: number }>('/studio/rollback', { revision }),
    revisions: async (): Promise<readonly Revision[]> =>
      (await http.get<{ data: readonly Revision[] }>('/studio/revisions')).data,
  }
}
