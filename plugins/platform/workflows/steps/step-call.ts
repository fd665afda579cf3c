import type { FieldValues, HandlerContext, RecordData } from '@runwaycrm/sdk'
import type { Step, Workflow } from '../definition.ts'
import { fillTemplates, type Scope } from '../fill-templates.ts'
import type { NewPart } from '../parts.ts'
import type { Outcome, RunState } from '../run-state.ts'
import { scopeOf } from '../scope.ts'
import type { StateRow } from '../tables.ts'

/** What a step has when it is run. */
export interface StepCall {
  readonly workflow: Workflow
  readonly key: string
  readonly step: Step
  readonly row: StateRow
  readonly state: RunState
  readonly record: RecordData | null
  readonly scope: Scope
  /** The same each time that this step of this run is tried. */
  readonly effectKey: string
  /** Under which its parts stand; another one when the step is run again. */
  readonly partsKey: string
  /** Assumes the usual branch instead of waiting, and begins no other runs by jobs. */
  readonly isDryRun: boolean
}

/** The step that a run is at. @param ctx of the run, for what templates see of the organisation. */
export function stepCall(
  ctx: HandlerContext,
  at: Pick<StepCall, 'workflow' | 'row' | 'state' | 'record' | 'isDryRun'>,
): StepCall {
  const { workflow, row, state, record } = at
  const key = state.step as string
  const round = state.rounds[key] ?? 0
  return {
    ...at,
    key,
    step: workflow.steps[key] ?? { type: '' },
    scope: scopeOf(ctx, row, state, record),
    effectKey: `${row.id}:${key}:${round}`,
    partsKey: `${key}#${round}`,
  }
}

/** How a step ended, and what is shown of it. */
export interface StepResult {
  readonly outcome: Outcome
  readonly input?: unknown
  readonly why?: unknown
  /** Kept with the run while the step waits. */
  readonly keep?: Readonly<Record<string, unknown>>
  /** What it uses besides writing records; a dry run adds it up. */
  readonly uses?: Uses
}

export interface Uses {
  readonly mails?: number
  /** To other systems. */
  readonly requests?: number
  readonly notifications?: number
  /** Of other workflows. */
  readonly runs?: number
  readonly cost?: { readonly unit: string; readonly amount: number } | null
}

export interface StepExecutor {
  /**
   * `memory`: only looks. `inside`: what it writes is committed with its result, or not at all. `outside`: reaches
   * other systems, which know it again by its key.
   */
  readonly where:
    | 'memory'
    | 'inside'
    | 'outside'
    | ((call: StepCall, ctx: HandlerContext) => 'inside' | 'outside')
  /** @param ctx of the workflow; for `inside`, in the transaction. */
  run(call: StepCall, ctx: HandlerContext): Promise<StepResult> | StepResult
  /** In a dry run instead: its parts are gone through at once. */
  inline?(
    call: StepCall,
    ctx: HandlerContext,
    inParts: (parts: readonly NewPart[]) => Promise<readonly StateRow[]>,
  ): Promise<StepResult>
}

export const settingsOf = <T = FieldValues>({ step, scope }: StepCall): T =>
  fillTemplates((step.settings ?? {}) as T, scope)

export const done = (
  output: unknown,
  more: Partial<Extract<Outcome, { kind: 'done' }>> = {},
): StepResult => ({ outcome: { kind: 'done', output, ...more } })

/** The definition is at fault: trying again changes nothing. */
export class StepError extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'StepError'
    this.code = code
  }
}
