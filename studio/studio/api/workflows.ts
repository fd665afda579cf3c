import type { RecordData } from '@runwaycrm/sdk'
import type { Http } from '../../api/http.ts'
import type { CanvasEdge, CanvasNode } from '../../graph/canvas-parts.ts'
import type { Json } from '../model/leaf.ts'

export interface WorkflowInfo {
  readonly ref: string
  readonly label: string
  readonly entity: string | null
  readonly enabled: boolean
  /** Kinds of triggers. */
  readonly triggers: readonly string[]
  readonly steps: number
  /** Of the last 30 days, by status. */
  readonly runs: Readonly<Record<string, number>>
}

/** A rule with what it found: which part held, on which value. */
export interface Explained {
  readonly holds?: boolean
  readonly all?: readonly Explained[]
  readonly any?: readonly Explained[]
  readonly not?: Explained
  readonly fact?: string
  readonly path?: string
  readonly operator?: string
  readonly value?: Json
  readonly found?: Json
}

export interface StepTry {
  readonly id: string
  readonly state: string
  readonly step: string
  readonly position: number | string
  readonly attempt: number | string
  readonly status: 'done' | 'failed' | 'waiting'
  readonly input: Json
  readonly output: Json
  readonly error: { readonly code: string; readonly message: string } | null
  readonly why: Explained | null
  readonly startedAt: string
  readonly ms: number
}

export interface RunDetail {
  readonly run: RecordData
  readonly workflow: {
    readonly ref: string
    readonly definition: { readonly label: string; readonly start: string }
    readonly graph: { readonly nodes: readonly CanvasNode[]; readonly edges: readonly CanvasEdge[] }
  } | null
  readonly state: {
    readonly status: string
    readonly step: string | null
    readonly waiting: { readonly for: string; readonly until: string | null } | null
    readonly failure: {
      readonly step: string
      readonly code: string
      readonly message: string
    } | null
    readonly origin: {
      readonly type: string
      readonly at: string
      readonly by?: { readonly name: string } | null
    }
    readonly result: Json
  } | null
  readonly parts: readonly {
    readonly id: string
    readonly step: string
    readonly place: number
    readonly placeKey: string | null
    readonly status: string
  }[]
  readonly steps: readonly StepTry[]
}

const own = 'platform.workflows'

export function createWorkflowsApi(http: Http) {
  return {
    list: async () => (await http.get<{ data: readonly WorkflowInfo[] }>('/workflows')).data,
    latest: async () =>
      (
        await http.get<{ data: readonly RecordData[] }>('/runs', {
          limit: 30,
          sort: '-startedAt',
        })
      ).data,
    run: (id: string) => http.get<RunDetail>(`/workflows/runs/${id}`),
    /** `cancel`, `pause`, `proceed`, `retry`, `replay`. */
    act: (action: string, id: string) =>
      http.post<{ output: { run?: string } }>(`/actions/${own}:${action}`, { input: { id } }),
  }
}
