import {
  BadFilterError,
  type FilterOperator,
  hasPlaces,
  type RuleLeaf,
  type RuleWords,
  readRule,
  UnknownFieldError,
} from '@runwaycrm/sdk'
import { checkCondition } from '../access/check-condition.ts'
import { findPath, findRelation } from '../access/field-path.ts'
import { parseOperandByKind } from '../access/stored-value.ts'
import type { Point } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { isJsonObject, type JsonObject, leafAt } from './leaf.ts'
import type { Entity, Field } from './model.ts'
import { namedFields } from './named-places.ts'
import { type FindSchema, type Place, walkDefinition } from './walk-definition.ts'

/** Whether a point says what its rules ask about. */
export const hasRules = ({ schema }: Pick<Point, 'schema'>): boolean => 'x-rules' in schema

/**
 * What is wrong with the rules in a definition: objects whose schema says `x-rule`, by what the point says under
 * `x-rules`. The definition stays; a rule that cannot be told fails where people see why.
 */
export function checkRules(
  definition: JsonObject,
  point: Pick<Point, 'schema' | 'references'>,
  find: FindSchema,
  entities: ReadonlyMap<string, Entity>,
  at: string,
): Problem[] {
  const words = wordsOf(definition, (point.schema as JsonObject)['x-rules'])
  const problems: Problem[] = []
  const leaves = new Map<string, RuleLeaf>()
  const visit = ({ value, path, schemas }: Pick<Place, 'value' | 'path' | 'schemas'>) => {
    if (value === undefined || !schemas.some((one) => one['x-rule'] === true)) return null
    const read = readRule(value, words)
    for (const leaf of read.leaves) leaves.set([...path, ...leaf.at].join('/'), leaf)
    for (const { at: below, ...issue } of read.issues) {
      problems.push({ ...issue, at: placeOf(at, ...path, ...below) })
    }
    return null
  }
  walkDefinition(definition, point, find, visit, null)
  for (const { path, entity: ref, name } of namedFields(definition, point, find)) {
    const place = path.slice(0, -1)
    const leaf = path.at(-1) === 'path' ? leaves.get(place.join('/')) : undefined
    const entity = entities.get(ref)
    if (!leaf || !entity) continue
    const isWhole =
      leaf.path === name &&
      (leaf.operator !== leaf.like || !Object.hasOwn(words.operators, leaf.fact))
    const told = isWhole ? conditionIssue(leaf, entity, entities) : fieldIssue(name, entity)
    if (told) problems.push({ ...told, at: placeOf(at, ...place, told.at), stays: true })
  }
  return problems
}

/** `{facts: {org: ["currency"], steps: "steps"}, operators}`: a text is a member, whose keys are in the fact. */
function wordsOf(definition: JsonObject, said: unknown): RuleWords {
  const membersOf = (name: string) => {
    const members = leafAt(said, [name])
    return Object.entries(isJsonObject(members) ? members : {})
  }
  const within = (of: unknown) => {
    if (Array.isArray(of)) return of.map(String)
    return typeof of === 'string' ? Object.keys(leafAt(definition, [of]) ?? {}) : null
  }
  return {
    facts: Object.fromEntries(membersOf('facts').map(([name, of]) => [name, within(of)])),
    operators: Object.fromEntries(
      membersOf('operators').filter(([, own]) => isJsonObject(own)),
    ) as RuleWords['operators'],
  }
}

/** A condition over a record, or over how its fields changed, is one of a filter. */
function conditionIssue(
  { path, operator, like, value }: RuleLeaf,
  entity: Entity,
  entities: ReadonlyMap<string, Entity>,
): Problem | null {
  const paths = { entityOf: (ref: string) => entities.get(ref), canSee: () => true }
  const found = findPath<Field, Entity>(entity, path, paths)
  if (!found) return unknownField(path, entity)
  const { field, part } = found
  const asks = field.typeDefinition.operators
  const isPresence = value === null || like === '$exists' || like === '$not'
  if (part === null && !isPresence && !asks.includes(like)) {
    const message = `${operator} does not work on ${path}.`
    const hint = `It takes ${asks.join(', ')}.`
    return { at: 'operator', code: 'BAD_FORMAT', message, hint }
  }
  const options = Object.keys(part === null ? (field.definition.options ?? {}) : {})
  try {
    const operand = hasPlaces(value) ? (standIns[like] ?? value) : value
    checkCondition<Field, Entity>({ [path]: { [like]: operand } }, entity, {
      ...paths,
      parseOperand(of, below, input) {
        if (hasPlaces(input)) return { ok: true, value: input }
        if (options.length === 0 || options.includes(String(input)))
          return parseOperandByKind(of, below, input)
        return { ok: false, code: 'UNKNOWN_OPTION', message: `There is no option "${input}".` }
      },
    })
    return null
  } catch (error) {
    if (!(error instanceof BadFilterError || error instanceof UnknownFieldError)) throw error
    const code = error.errors?.[0]?.code ?? 'BAD_FORMAT'
    const kind = `${path} is of the kind "${field.typeDefinition.label}".`
    const hint = options.length > 0 ? `It is one of: ${options.join(', ')}.` : kind
    return { at: 'value', code, message: error.message, hint }
  }
}

/** What a place stands for until it is filled, where not every value is one. */
const standIns: Partial<Record<FilterOperator, unknown>> = {
  ...{ $exists: true, $in: [], $nin: [], $not: { $eq: null } },
}

/** A record that a step gave has its fields; what is in a value is another matter. */
function fieldIssue(name: string, entity: Entity): Problem | null {
  const first = name.split('.')[0] as string
  const is = entity.byApiName.has(first) || findRelation(entity, first)
  return is ? null : unknownField(first, entity)
}

const mostNames = 40

function unknownField(name: string, { definition, byApiName }: Entity): Problem {
  const message = `${definition.labelPlural} have no field "${name}".`
  const names = [...byApiName.keys()]
  const more = names.length > mostNames ? ` and ${names.length - mostNames} more` : ''
  const hint = `They have ${names.slice(0, mostNames).join(', ')}${more}.`
  return { at: 'path', code: 'UNKNOWN_FIELD', message, hint }
}
