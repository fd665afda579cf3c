import type { HandlerContext, RecordData } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import type { Scope } from './fill-templates.ts'
import type { RunState } from './run-state.ts'
import type { StateRow } from './tables.ts'

const relations = new WeakMap<Workflow, readonly string[]>()
const throughRecord = /record\.([A-Za-z][A-Za-z0-9]*)\.[A-Za-z]/g
const ofRecordFact = /^([A-Za-z][A-Za-z0-9]*)\.[A-Za-z]/

/** Relations that templates and rules of a workflow follow from its record. */
export function relationsOf(workflow: Workflow, ctx: HandlerContext): readonly string[] {
  const found = relations.get(workflow)
  if (found) return found
  const entity = workflow.entity === undefined ? null : ctx.model.entity(workflow.entity)
  const names = new Set<string>()
  const look = (value: unknown): void => {
    if (typeof value === 'string') {
      for (const [, name] of value.matchAll(throughRecord)) names.add(name as string)
    } else if (typeof value === 'object' && value !== null) {
      const { fact, path } = value as { readonly fact?: unknown; readonly path?: unknown }
      const first = fact === 'record' && typeof path === 'string' ? ofRecordFact.exec(path) : null
      if (first) names.add(first[1] as string)
      for (const one of Object.values(value)) look(one)
    }
  }
  look(workflow)
  const known = [...names].filter((name) =>
    entity?.fields.some(({ key, apiName }) => key === name && apiName !== key),
  )
  relations.set(workflow, known)
  return known
}

/** The record that a run is about, as the workflow may see it now; null when there is none, or none any more. */
export async function readSubject(
  acting: HandlerContext,
  workflow: Workflow,
  subject: StateRow['subject'],
): Promise<RecordData | null> {
  if (!subject) return null
  const expand = relationsOf(workflow, acting)
  const query = {
    filter: { id: subject.id },
    limit: 1,
    ...(expand.length > 0 ? { expand } : {}),
  }
  const { data } = await acting.records.list(subject.entity, query)
  if (data[0]) return data[0]
  const deleted = await acting.records.list(subject.entity, { ...query, deleted: 'only' })
  return deleted.data[0] ?? null
}

/** What templates and rules of a run see. */
export function scopeOf(
  ctx: HandlerContext,
  row: StateRow,
  state: RunState,
  record: RecordData | null,
): Scope {
  const steps = Object.fromEntries(
    Object.entries(state.outputs).map(([key, output]) => [key, { output }]),
  )
  const { type, at, changes = {}, payload = null, by = null } = row.origin
  return {
    record,
    change: changes,
    trigger: { type, at, payload, by },
    vars: state.vars,
    steps,
    item: row.item ?? null,
    org: { name: ctx.org.name, currency: ctx.org.currency, timeZone: ctx.org.timeZone },
    run: { id: row.run },
    now: ctx.now.toISOString(),
  }
}
