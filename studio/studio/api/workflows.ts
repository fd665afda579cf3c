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
  /** All that it wrote, as one change; null when that is nothing. */
  readonly written: { readonly state: 'open' | 'done' | 'reverted' } | null
  /** It ended long ago: how it went is not kept any more. */
  readonly isSwept: boolean
}

/** What a workflow would do, and what that comes to. */
export interface DryRun {
  readonly status: string
  readonly failure: {
    readonly step: string
    readonly code: string
    readonly message: string
  } | null
  readonly start: string
  readonly graph: { readonly nodes: readonly CanvasNode[]; readonly edges: readonly CanvasEdge[] }
  readonly steps: readonly (Pick<StepTry, 'step' | 'input' | 'output' | 'error' | 'why'> & {
    readonly part: string | null
    readonly status: 'done' | 'failed'
    readonly assumed: boolean
  })[]
  readonly costs: {
    readonly writes: readonly (Readonly<
      Record<'create' | 'update' | 'delete' | 'restore', number>
    > & { readonly entity: string })[]
    readonly mails: number
    readonly requests: number
    readonly notifications: number
    readonly runs: number
    readonly spent: readonly { readonly unit: string; readonly amount: number }[]
  }
  /** Of a long list, only the first were gone through. */
  readonly isPartial: boolean
}

/** What taking back a run came to. */
export interface Undone {
  readonly reverted?: number
  readonly jobId?: string
  readonly stays: Readonly<Record<'mails' | 'requests' | 'notifications', number>> | null
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
    dryRun: (
      ref: string,
      records: { readonly entity: string; readonly ids: readonly string[] } | null,
    ) =>
      http.post<DryRun>(`/workflows/${encodeURIComponent(ref)}/run`, {
        dryRun: true,
        ...(records ? { records } : {}),
      }),
    undo: (id: string, onConflict: 'stop' | 'skip') =>
      http.post<{ output: Undone }>(`/actions/${own}:undo`, { input: { id, onConflict } }),
    /** `cancel`, `pause`, `proceed`, `retry`, `replay`. */
    act: (action: string, id: string) =>
      http.post<{ output: { run?: string } }>(`/actions/${own}:${action}`, { input: { id } }),
  }
}
