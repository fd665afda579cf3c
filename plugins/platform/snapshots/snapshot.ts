import {
  type EntityInfo,
  type FieldInfo,
  ForbiddenError,
  type HandlerContext,
  InvalidError,
  type RecordData,
  StateConflictError,
} from '@runwaycrm/sdk'

export const snapshotEntity = 'platform.snapshots:snapshot'
/** Members sign in elsewhere: what was kept of them says nothing about who may do what now. */
const leftAlone: ReadonlySet<string> = new Set(['kernel:user'])

/** Records in one step; a list gives no more. */
export const stepSize = 200

/** The kernel's service `kernel.layer`, version 1: the caller's rights hold there too. */
export interface OwnLayer {
  current(input: null): Promise<{ readonly revision: number }>
  restore(input: { readonly revision: number }): Promise<{ readonly revision: number }>
}
export const ownLayer = (ctx: HandlerContext) => ctx.services.get<OwnLayer>('kernel.layer', 1)

/** Copies hold everybody's values, so nobody who could not read and change all of them has a part in it. */
export function refuseOthers(ctx: HandlerContext): void {
  if (!ctx.isAdmin) throw new ForbiddenError('Snapshots are taken and restored by admins.')
}

/** Objects whose records people make; those that only the platform writes, and what is one person's alone, stay out. */
export function copiedEntities(ctx: HandlerContext): readonly EntityInfo[] {
  return ctx.model
    .entities()
    .filter(({ ref, can, isPrivate }) => can.create && !isPrivate && !leftAlone.has(ref))
}

/** @throws InvalidError for names that are no objects of which copies are taken. */
export function chosenEntities(
  ctx: HandlerContext,
  names: readonly string[] | undefined,
): readonly EntityInfo[] {
  const all = copiedEntities(ctx)
  if (!names || names.length === 0) return all
  const errors = names.flatMap((name, index) => {
    if (all.some(({ ref, plural }) => ref === name || plural === name)) return []
    const message = `There are no "${name.slice(0, 80)}" of which copies are taken.`
    return [{ path: `input.entities[${index}]`, code: 'UNKNOWN_OPTION' as const, message }]
  })
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return all.filter(({ ref, plural }) => names.includes(ref) || names.includes(plural))
}

const system = new Set(['id', 'version', 'createdAt', 'updatedAt', 'createdBy', 'updatedBy'])

/** What is kept of a record: all that somebody or something wrote. */
export const keptFields = ({ fields }: EntityInfo): readonly FieldInfo[] =>
  fields.filter(({ apiName, computed }) => !computed && !system.has(apiName))

export const namesOf = (fields: readonly FieldInfo[]): readonly string[] =>
  fields.map(({ apiName }) => apiName)

/** @throws NotFoundError, StateConflictError while something else happens to it. */
export async function readySnapshot(ctx: HandlerContext, id: string): Promise<RecordData> {
  const snapshot = await ctx.records.get(snapshotEntity, id)
  if (snapshot['status'] === 'ready') return snapshot
  const why = {
    taking: 'It is still being taken.',
    restoring: 'It is being restored already.',
    failed: 'It was not taken completely, so nothing can come back from it.',
  }[String(snapshot['status'])]
  throw new StateConflictError(why ?? 'It is not ready.')
}

/** Objects that are in it and there now. */
export function entitiesIn(
  ctx: HandlerContext,
  snapshot: RecordData,
  names: readonly string[] | undefined,
): readonly EntityInfo[] {
  const counts = (snapshot['counts'] ?? {}) as Readonly<Record<string, number>>
  return chosenEntities(ctx, names).filter(({ ref }) => Object.hasOwn(counts, ref))
}

/** Open pages learn of it. */
export async function note(
  ctx: HandlerContext,
  id: string,
  values: Readonly<Record<string, unknown>>,
): Promise<void> {
  await ctx.records.update(snapshotEntity, id, values)
}
