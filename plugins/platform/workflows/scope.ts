import type { HandlerContext, ListQuery, RecordData } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import type { Scope } from './fill-templates.ts'
import { gather } from './gather.ts'
import type { RunState } from './run-state.ts'
import type { StateRow } from './tables.ts'

const relations = new WeakMap<Workflow, readonly string[]>()
const throughRecord = /record\.([A-Za-z][A-Za-z0-9]*)\.[A-Za-z]/g
const ofRecordFact = /^([A-Za-z][A-Za-z0-9]*)\.[A-Za-z]/

/** Relations that templates and rules of a workflow follow from its record. */
function relationsOf(workflow: Workflow, ctx: HandlerContext): readonly string[] {
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

const atOnce = 200

/** Records as a workflow may see them now, by id; deleted ones are among them. */
export async function readRecords(
  acting: HandlerContext,
  workflow: Workflow,
  entity: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RecordData>> {
  const expand = relationsOf(workflow, acting)
  const found = new Map<string, RecordData>()
  const read = async (some: readonly string[], more: Pick<ListQuery, 'deleted'> = {}) => {
    const { data } = await acting.records.list(entity, {
      ...{ filter: { id: { $in: some } }, limit: atOnce, ...more },
      ...(expand.length > 0 ? { expand } : {}),
    })
    for (const record of data) found.set(record.id, record)
  }
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce)
    await read(some)
    const missing = some.filter((id) => !found.has(id))
    if (missing.length > 0) await read(missing, { deleted: 'only' })
  }
  return found
}

/** The record that a run is about; null when there is none, or none any more. */
export async function readSubject(
  acting: HandlerContext,
  workflow: Workflow,
  subject: StateRow['subject'],
): Promise<RecordData | null> {
  if (!subject) return null
  const found = await readRecords(acting, workflow, subject.entity, [subject.id])
  return found.get(subject.id) ?? null
}

interface SubjectAsk {
  readonly acting: HandlerContext
  readonly workflow: Workflow
  readonly entity: string
  readonly id: string
}

const readMany = gather(async (asks: readonly SubjectAsk[]) => {
  const { acting, workflow, entity } = asks[0] as SubjectAsk
  const ids = [...new Set(asks.map(({ id }) => id))]
  const found = await readRecords(acting, workflow, entity, ids)
  return asks.map(({ id }) => found.get(id) ?? null)
})

/** The same, together with the records of other runs of the definition, which has the same rights in all of them. */
export async function readSubjectTogether(
  acting: HandlerContext,
  workflow: Workflow,
  { workflow: ref, hash, subject }: StateRow,
): Promise<RecordData | null> {
  if (!subject) return null
  const key = `${acting.org.id} ${ref} ${hash} ${subject.entity}`
  return readMany(key, { acting, workflow, ...subject })
}

/** What templates and rules see of the organisation. */
export const orgOf = ({ org: { name, currency, timeZone } }: HandlerContext) => ({
  ...{ name, currency, timeZone },
})

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
    org: orgOf(ctx),
    run: { id: row.run },
    now: ctx.now.toISOString(),
  }
}
