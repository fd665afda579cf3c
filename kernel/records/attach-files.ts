import type { FieldValues } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import { isUuid } from '../database/uuid.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Reader } from './read.ts'
import { asSystem } from './relations.ts'

/** A file that a field of a record holds, or is about to. `field` is its name in the API. */
export interface FileUse {
  readonly file: string
  readonly entity: string
  readonly record: string
  readonly field: string
}

/**
 * What is known of files that the actor may put into records, by id; it notes where they go. Those that
 * are missing or not the actor's are left out.
 */
export type AttachFiles = (
  ctx: RequestContext,
  uses: readonly FileUse[],
) => Promise<Readonly<Record<string, object>>>

export const noFiles: AttachFiles = async () => ({})

export interface FileDraft {
  readonly id: string
  readonly values: FieldValues
}

/**
 * Puts what is known of each file in the place of its id. Whatever else the writer said of the file is
 * dropped: a file is what it is, and one that is not theirs is left with its id alone, which its type
 * refuses like one that never was.
 */
async function attachFiles(
  ctx: RequestContext,
  entity: Entity,
  drafts: readonly FileDraft[],
  attach: AttachFiles,
): Promise<readonly FieldValues[]> {
  const fields = fileFieldsOf(entity)
  const uses = drafts.flatMap(({ id, values }) =>
    fields.flatMap(({ apiName }) =>
      idsIn(values[apiName]).map((file) => ({
        file,
        entity: entity.ref,
        record: id,
        field: apiName,
      })),
    ),
  )
  if (uses.length === 0) return drafts.map(({ values }) => values)
  const known = await attach(ctx, uses)
  return drafts.map(({ values }) => {
    const given = fields.filter(({ apiName }) => values[apiName] !== undefined)
    const filled = given.map(({ apiName }) => [apiName, fill(values[apiName], known)] as const)
    return { ...values, ...Object.fromEntries(filled) }
  })
}

/** Fills the values of drafts; what comes from the ledger was filled when it was first written. */
export async function fillFiles<
  D extends { readonly values?: FieldValues | undefined; readonly stored?: unknown },
>(
  ctx: RequestContext,
  entity: Entity,
  steps: readonly { readonly id: string; draft: D }[],
  attach: AttachFiles,
): Promise<void> {
  if (fileFieldsOf(entity).length === 0) return
  const given = steps.filter(({ draft }) => draft.values && !draft.stored)
  const drafts = given.map(({ id, draft }) => ({ id, values: draft.values ?? {} }))
  const filled = await attachFiles(ctx, entity, drafts, attach)
  given.forEach((step, index) => {
    step.draft = { ...step.draft, values: filled[index] }
  })
}

const compiled = new WeakMap<Entity, readonly Field[]>()

export function fileFieldsOf(entity: Entity): readonly Field[] {
  let fields = compiled.get(entity)
  if (!fields) {
    fields = [...entity.fields.values()].filter(({ typeDefinition: { kind } }) => isFileKind(kind))
    compiled.set(entity, fields)
  }
  return fields
}

const isFileKind = (kind: string | undefined): boolean => kind === 'file' || kind === 'files'

function fill(value: unknown, known: Readonly<Record<string, object>>): unknown {
  if (Array.isArray(value)) return value.map((one) => fill(one, known))
  const id = idOf(value)
  if (id === null) return value
  return Object.hasOwn(known, id) ? known[id] : { id }
}

function idsIn(value: unknown): string[] {
  return [value].flat().flatMap((one) => {
    const id = idOf(one)
    return id !== null && isUuid(id) ? [id] : []
  })
}

function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null && 'id' in value ? value.id : value
  return typeof id === 'string' ? id.toLowerCase() : null
}

/**
 * What a record has to do with a file, whatever anybody may see of it. `released` is a record without
 * the file, `none` no record at all.
 */
export async function holdingOf(
  reader: Pick<Reader, 'list'>,
  ctx: RequestContext,
  { file, entity: ref, record, field }: FileUse,
): Promise<'holds' | 'deleted' | 'released' | 'none'> {
  const entity = ctx.model.entities.get(ref)
  // Of an entity that is switched off, its records may come back.
  if (!entity) return 'deleted'
  const query = { filter: { id: record }, limit: 1 }
  const system = asSystem(ctx)
  const [found] = (await reader.list(system, entity, query)).data
  if (found) return idsIn(found[field]).includes(file) ? 'holds' : 'released'
  const deleted = await reader.list(system, entity, { ...query, deleted: 'only' })
  return deleted.data.length > 0 ? 'deleted' : 'none'
}
