import { type FieldTypeDefinition, type Filter, RunwayError } from '@runwaycrm/sdk'
import { checkCondition } from '../access/check-condition.ts'
import { parseOperandByKind } from '../access/stored-value.ts'
import { placeOf } from '../manifest/problem.ts'
import { codecOf, fieldNamed } from './compute-lookup.ts'
import { type Computed, type Draft, type Parts, problem, type Resolver } from './computed-parts.ts'
import { resultType, takenOverType } from './computed-type.ts'
import type { Computation, Entity, Field } from './model.ts'

type Rollup = Computation & { readonly by: 'rollup' }

/** @throws ComputedError when the entity, the relation, the field or the condition does not fit. */
export function computeRollup(
  resolver: Resolver,
  parts: Parts,
  entity: Entity,
  field: Field,
  type: FieldTypeDefinition,
  at: string,
): Draft {
  const { rollup, params } = field.definition
  if (rollup === undefined) {
    const hint = 'Give it {"from": an entity, "through": its relation, "measure": {"count": "*"}}.'
    throw problem(at, 'REQUIRED', 'A rollup needs an entity and a measure.', hint)
  }
  const from = rollup.from.includes(':') ? rollup.from : `${field.from}:${rollup.from}`
  parts.read(from)
  const children = resolver.entities.get(from)
  if (!children) {
    const hint = 'Correct "from", or install the plugin that brings it.'
    throw problem(placeOf(at, 'from'), 'UNKNOWN_RECORD', `There is no entity ${from}.`, hint)
  }
  const through = throughOf(children, entity, rollup.through, placeOf(at, 'through'))
  parts.use(from, through.apiName)
  const [kind, name] = Object.entries(rollup.measure)[0] as [Rollup['measure'], string]
  const filter = rollup.filter ? (rollup.filter as Filter) : null
  if (filter) checkRollupFilter(resolver, parts, children, filter, placeOf(at, 'filter'))
  const base = { by: 'rollup', from, through: through.apiName, measure: kind, filter } as const
  if (kind === 'count') {
    const typeDefinition = resultType(type, 'integer')
    return {
      computation: { ...base, field: null },
      typeDefinition,
      codec: null,
      like: null,
      size: 4,
    }
  }
  const place = placeOf(at, 'measure', kind)
  const wanted = fieldNamed(children, name)
  if (!wanted) {
    const message = `There is no field "${name}" on ${children.plural}.`
    const hint = `Use one of ${[...children.fields.keys()].slice(0, 12).join(', ')}.`
    throw problem(place, 'UNKNOWN_FIELD', message, hint)
  }
  const measured = parts.use(from, wanted.apiName)
  const computation = { ...base, field: measured.field.apiName }
  return { computation, ...resultOf(kind, measured, type, params?.['format'], place), size: 4 }
}

function throughOf(children: Entity, entity: Entity, name: string, at: string): Field {
  const through = fieldNamed(children, name)
  if (through && through.target === entity.ref && through.storage.in !== 'computed') return through
  const fitting = [...children.fields.values()].filter(({ target }) => target === entity.ref)
  const hint =
    fitting.length > 0
      ? `Use one of ${fitting.map(({ key }) => key).join(', ')}.`
      : `Add a relation to ${entity.ref} there first.`
  if (!through) {
    const message = `There is no field "${name}" on ${children.plural}.`
    throw problem(at, 'UNKNOWN_FIELD', message, hint)
  }
  throw problem(at, 'WRONG_TYPE', `"${name}" of ${children.plural} does not lead here.`, hint)
}

function resultOf(
  kind: Rollup['measure'],
  { field }: Computed,
  type: FieldTypeDefinition,
  format: unknown,
  at: string,
): Pick<Draft, 'typeDefinition' | 'codec' | 'like'> {
  const plain = { codec: null, like: null }
  const { kind: values, measures = [], storage, display } = field.typeDefinition
  if (kind === 'countDistinct') {
    if (storage !== 'jsonb') return { typeDefinition: resultType(type, 'integer'), ...plain }
  } else if (measures.includes(kind as never)) {
    const isNumber = values === 'number' || values === 'currency'
    // Amounts of several currencies come together here: what comes out is a number.
    const shown = format ?? (values === 'currency' || display === 'percent' ? display : undefined)
    if (isNumber) return { typeDefinition: resultType(type, 'number', shown), ...plain }
    const typeDefinition = takenOverType(type, field.typeDefinition)
    return { typeDefinition, codec: codecOf(field), like: field }
  }
  const hint = 'Count them, or take another field.'
  throw problem(at, 'WRONG_TYPE', `There is no ${kind} of "${field.key}".`, hint)
}

/** Twice: fields that are computed themselves must be settled before their operators are known. */
function checkRollupFilter(
  { entities }: Resolver,
  parts: Parts,
  children: Entity,
  filter: Filter,
  at: string,
): void {
  const used = new Map<string, readonly [string, string]>()
  const check = (note: boolean) =>
    checkCondition<Field, Entity>(filter, entities.get(children.ref)!, {
      entityOf: (ref) => entities.get(ref),
      canSee: (entity, field) => {
        if (note) used.set(`${entity.ref} ${field.apiName}`, [entity.ref, field.apiName])
        return true
      },
      parseOperand: parseOperandByKind,
    })
  try {
    check(true)
  } catch (error) {
    if (!(error instanceof RunwayError)) throw error
  }
  for (const [ref, apiName] of used.values()) parts.use(ref, apiName)
  try {
    check(false)
  } catch (error) {
    if (!(error instanceof RunwayError)) throw error
    const { path, code, message } = error.errors?.[0] ?? {
      path: '',
      code: 'BAD_FORMAT',
      message: error.message,
    }
    const place = placeOf(at, path.replace(/^filter\.?/, ''))
    const hint = `Use one of ${[...children.byApiName.keys()].slice(0, 10).join(', ')}.`
    throw problem(place, code as 'BAD_FORMAT', message, hint)
  }
}
