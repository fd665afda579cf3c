import type { Filter } from '@runwaycrm/sdk'
import type { Desk } from '../model/desk.ts'
import type { Entity } from '../model/model.ts'
import type { NamedUse } from '../model/plan-uses.ts'
import type { Words } from '../model/words.ts'
import { type TellingUse, usedBy } from './describe-contribution.ts'

/** What taking something away would concern. */
export interface Impact {
  readonly usedBy: readonly TellingUse[]
  /** Published records of the entity; missing for other points. */
  readonly records?: number
  /** Those with a value in the field; missing without a field, and for one that is computed or not published. */
  readonly values?: number
}

export async function impactOf(
  desk: Desk,
  words: Words,
  { point, ref, field }: { readonly point: string; readonly ref: string; readonly field?: string },
  elsewhere: readonly NamedUse[],
  count: (entity: Entity, filter: Filter) => Promise<number>,
): Promise<Impact> {
  const uses = usedBy(desk, words, point, ref, elsewhere)
  const entity = point === 'entities' ? desk.before.entities.get(ref) : undefined
  const known = field === undefined ? undefined : entity?.fields.get(field)
  return {
    usedBy: field === undefined ? uses : uses.filter((use) => use.field === field),
    ...(entity && { records: await count(entity, {}) }),
    ...(entity &&
      known &&
      known.storage.in !== 'computed' && {
        values: await count(entity, { [known.apiName]: { $exists: true } }),
      }),
  }
}
