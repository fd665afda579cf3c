import type { Filter } from '@runwaycrm/sdk'
import type { Computation, Entity, Field, Model } from '../model/model.ts'
import { classOf, columnSql } from './column-sql.ts'
import { templateSql } from './formula.ts'
import { formulaSql } from './formula-sql.ts'
import type { Source } from './query.ts'

/** How deep computed fields may build on computed fields; deeper ones are blank. */
const maxDepth = 3

/**
 * How a statement sees records: as the reader may, or as they are, for the conditions of abilities.
 * `depth` counts the computed fields on the way.
 */
export interface Sight {
  readonly model: Model
  value(source: Source, field: Field, part: string | null, depth: number): string
  /** What `inner` says of the record that the relation leads to; null when there is none to be seen. */
  through(source: Source, relation: Field, depth: number, inner: (target: Source) => string): string
  /** The records whose relation leads to the source: a row of them, whence, and what makes one of them. */
  leading(
    source: Source,
    entity: Entity,
    relation: Field,
    depth: number,
  ): { readonly source: Source; readonly from: string; readonly where: string }
  filter(source: Source, filter: Filter): string
  /** Whether all of these fields are seen on every record, so that what was worked out from them may be. */
  seesAll(source: Source, apiNames: readonly string[]): boolean
  now(): string
  zone(): string
}

/** The value of a computed field, or a part of it. Correlated, so that a page computes its rows only. */
export function computedSql(
  sight: Sight,
  source: Source,
  field: Field,
  part: string | null,
  depth: number,
): string {
  const { storage } = field
  const blank = `null::${classOf(field, part)}`
  if (storage.in !== 'computed' || depth > maxDepth) return blank
  const { computation } = storage
  switch (computation.by) {
    case 'nothing':
      return blank
    case 'template':
      return templateSql(
        computation.template,
        source.entity,
        (other, at) => sight.value(source, other, null, at),
        depth,
      )
    case 'formula':
      if (storage.stored?.isReady && sight.seesAll(source, storage.stored.on))
        return columnSql(field, null, source.alias)
      return formulaSql(computation.expression, {
        field: ({ steps, name, part: piece }) => reach(sight, source, steps, name, piece, depth),
        now: () => sight.now(),
        zone: () => sight.zone(),
      })
    case 'lookup':
      return (
        reach(sight, source, [computation.through], computation.field, part, depth)?.sql ?? blank
      )
    case 'rollup':
      return rollupSql(sight, source, computation, depth) ?? blank
  }
}

/** A field at the end of relations. @returns null when the model of the reader has no such way. */
function reach(
  sight: Sight,
  source: Source,
  steps: readonly string[],
  name: string,
  part: string | null,
  depth: number,
): { field: Field; sql: string } | null {
  const relations: Field[] = []
  let entity: Entity | undefined = source.entity
  for (const step of steps) {
    const relation: Field | undefined = entity?.byApiName.get(step)
    if (!relation?.target) return null
    relations.push(relation)
    entity = sight.model.entities.get(relation.target)
  }
  const field = entity?.byApiName.get(name)
  if (!field) return null
  const follow = (at: Source, [relation, ...rest]: readonly Field[]): string =>
    relation
      ? sight.through(at, relation, depth + 1, (target) => follow(target, rest))
      : sight.value(at, field, part, depth + 1)
  return { field, sql: follow(source, relations) }
}

function rollupSql(
  sight: Sight,
  source: Source,
  { from, through, measure, field: name, filter }: Computation & { by: 'rollup' },
  depth: number,
): string | null {
  const entity = sight.model.entities.get(from)
  const relation = entity?.byApiName.get(through)
  const field = name === null ? null : entity?.byApiName.get(name)
  if (!entity || !relation || field === undefined) return null
  const { source: child, from: rows, where } = sight.leading(source, entity, relation, depth + 1)
  const value = field === null ? null : sight.value(child, field, null, depth + 1)
  const condition = filter === null ? '' : ` and ${sight.filter(child, filter)}`
  const total = field === null ? 'count(*)' : totalSql(measure, field, value!)
  return `(select ${total} from ${rows} where ${where}${condition})`
}

function totalSql(measure: string, field: Field, value: string): string {
  const { kind } = field.typeDefinition
  if (measure === 'countDistinct') return `count(distinct ${value})`
  if (kind !== 'number' && kind !== 'currency') return `${measure}(${value})`
  // Whole numbers and money add up exactly; binary fractions as they are written.
  const isWhole = classOf(field, null) === 'bigint'
  const exact = isWhole ? `(${value})::numeric` : `kernel.calc_num(${value})::numeric`
  const total = `${measure}(${exact})`
  return `kernel.calc_exact(${kind === 'currency' ? `${total} / 10000` : total})`
}
