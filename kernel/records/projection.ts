import type { FieldCodec, RecordData } from '@runwaycrm/sdk'
import type { Ability } from '../access/build-ability.ts'
import { isMany } from '../access/condition-tree.ts'
import { fieldMaskOf } from '../access/field-mask.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import type { ExpandTree } from './expand.ts'
import type { Codecs } from './fields.ts'
import type { Compiler, Source } from './query.ts'

/** A select list, and how its rows become records of the API. */
export interface Projection {
  readonly columns: readonly string[]
  /** Where the id stands in a row; null there means that there is no record. */
  readonly idAt: number
  /** @param row values in the order of the columns. */
  read(row: readonly unknown[], model: Model): RecordData
}

export interface ProjectionOptions {
  /** API names; null is all. `id` and `version` always come along. */
  readonly fields: ReadonlySet<string> | null
  readonly expand: ExpandTree
  /** Columns that stand before these in the row. */
  readonly offset: number
}

/**
 * The fields that the reader may see, and the records that expanded relations lead to. A field that is
 * readable on some records only is left out of the others: its column is null there, and a flag
 * beside it tells hidden from blank.
 */
export function compileProjection(
  compiler: Compiler,
  codecs: Codecs,
  ability: Ability,
  source: Source,
  options: ProjectionOptions,
): Projection {
  const columns: string[] = []
  const flags = new Map<string, number>()
  const add = (sql: string) => options.offset + columns.push(sql) - 1

  const steps = readableFields(ability, source.entity, options.fields).map((field): Step => {
    const condition = compiler.visible(source, field)
    const at = add(compiler.value(source, field))
    const parts = partNames(field).map((name): readonly [string, number] => {
      return [name, add(compiler.value(source, field, name))]
    })
    const codec = codecs.of(field)
    return {
      name: field.apiName,
      at,
      parts,
      codec: codec.plain ? null : codec,
      isReference: field.typeDefinition.kind === 'reference',
      flagAt: condition === 'true' ? -1 : flagFor(condition),
    }
  })
  const idAt = steps[0]!.at
  const toOne = [...options.expand].filter(([relation]) => !isMany(relation))
  const nested = toOne.map(([relation, tree]): Nested => {
    const name = expandedName(relation)
    if (!ability.can('read', relation.target!)) return { name, projection: null }
    const target = compiler.follow(source, relation)
    const projection = compileProjection(compiler, codecs, ability, target, {
      fields: null,
      expand: tree,
      offset: options.offset + columns.length,
    })
    columns.push(...projection.columns)
    return { name, projection }
  })

  function flagFor(condition: string): number {
    let at = flags.get(condition)
    if (at === undefined) {
      at = add(`((${condition}) is true)`)
      flags.set(condition, at)
    }
    return at
  }

  return { columns, idAt, read: (row, model) => readRecord(row, model, steps, nested) }
}

/** `accountId` expands to `account`, `contactIds` to `contacts`. */
export function expandedName(relation: Field): string {
  if (isMany(relation)) return relation.key
  return relation.apiName.slice(0, -'Id'.length)
}

interface Step {
  readonly name: string
  readonly at: number
  readonly parts: readonly (readonly [string, number])[]
  /** Null when the value is what the API gives. */
  readonly codec: FieldCodec | null
  readonly isReference: boolean
  /** Where the row says whether the field may be seen; -1 when it always may. */
  readonly flagAt: number
}

interface Nested {
  readonly name: string
  readonly projection: Projection | null
}

function readRecord(
  row: readonly unknown[],
  model: Model,
  steps: readonly Step[],
  nested: readonly Nested[],
): RecordData {
  const record: Record<string, unknown> = {}
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i]!
    if (step.flagAt >= 0 && row[step.flagAt] !== true) continue
    const main = row[step.at]
    record[step.name] =
      step.codec === null || main === null ? main : readValue(row, main, step, step.codec, model)
  }
  for (let i = 0; i < nested.length; i++) {
    const { name, projection } = nested[i]!
    record[name] =
      projection === null || row[projection.idAt] === null ? null : projection.read(row, model)
  }
  return record as RecordData
}

function readValue(
  row: readonly unknown[],
  main: unknown,
  step: Step,
  codec: FieldCodec,
  model: Model,
): unknown {
  const parts: Record<string, unknown> = {}
  for (const [name, at] of step.parts) {
    // References are kept with the entity's own name and given with the name in its address.
    parts[name] =
      step.isReference && name === 'entity'
        ? (model.entities.get(String(row[at]))?.plural ?? row[at])
        : row[at]
  }
  return codec.format({ main, parts })
}

function partNames(field: Field): string[] {
  return Object.keys(field.typeDefinition.parts ?? {})
}

/** The id first, then the fields in their order, the system's own last. */
function readableFields(
  ability: Ability,
  entity: Entity,
  wanted: ReadonlySet<string> | null,
): Field[] {
  const mask = fieldMaskOf(ability, entity, 'read')
  const fields = [...entity.byApiName.values()].filter(
    ({ apiName }) =>
      apiName !== 'id' &&
      (wanted === null || wanted.has(apiName) || apiName === 'version') &&
      mask.get(apiName) !== false,
  )
  return [entity.byApiName.get('id')!, ...fields]
}
