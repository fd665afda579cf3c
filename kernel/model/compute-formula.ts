import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import { type Domain, domainOf, isMany } from '../access/condition-tree.ts'
import { type FieldPath, findPath } from '../access/field-path.ts'
import { ComputedError, type Draft, type Parts, problem, type Resolver } from './computed-parts.ts'
import { resultType } from './computed-type.ts'
import { type CheckedFormula, readFormula } from './formula/check.ts'
import { type Expression, FormulaError, sizeOf, type ValueType } from './formula/expression.ts'
import { clip } from './formula/parse.ts'
import type { Entity, Field } from './model.ts'

/** @throws ComputedError with the place in the formula and what was expected there. */
export function computeFormula(
  resolver: Resolver,
  parts: Parts,
  entity: Entity,
  { definition }: Field,
  type: FieldTypeDefinition,
  at: string,
): Draft {
  if (definition.formula === undefined) {
    throw problem(at, 'REQUIRED', 'A formula is missing.', 'Write for example: price / area')
  }
  const { expression, problems } = checkFormula(resolver, parts, entity, definition.formula)
  if (expression === null) {
    const [first] = problems
    const code = first!.message.startsWith('There is no field') ? 'UNKNOWN_FIELD' : 'BAD_FORMAT'
    const message = problems.map((one) => `Character ${one.at + 1}: ${one.message}`).join(' ')
    throw problem(at, code, message, first!.hint)
  }
  const result = expression.type === 'null' ? 'text' : expression.type
  if (result === 'list') {
    const hint = 'Ask for one of them: contains(tags, "vip").'
    throw problem(at, 'WRONG_TYPE', 'A formula results in one value, not in a list.', hint)
  }
  return {
    computation: { by: 'formula', expression },
    typeDefinition: resultType(type, result, definition.params?.['format']),
    codec: null,
    like: null,
    size: sizeOf(expression),
  }
}

/** Reads a formula over an entity. @param parts notes what it builds on. */
export function checkFormula(
  resolver: Resolver,
  parts: Parts,
  entity: Entity,
  source: string,
): CheckedFormula {
  return readFormula(source, fieldFinder(resolver, parts, entity))
}

/** What the names of a formula over an entity are. @param parts notes what is found. */
export function fieldFinder(
  { entities, resolve }: Resolver,
  parts: Parts,
  entity: Entity,
): (name: string, at: number) => Expression & { kind: 'field' } {
  return (name, at) => {
    const path = find(name)
    if (!path)
      throw new FormulaError(at, `There is no field "${clip(name)}".`, namesNear(entity, name))
    if (path.steps.some(isMany) || isMany(path.field)) {
      const message = `"${clip(name)}" leads to many records.`
      throw new FormulaError(at, message, 'Make a rollup of them, and use that here.')
    }
    let holder = entity
    try {
      for (const step of path.steps) {
        parts.use(holder.ref, step.apiName)
        holder = entities.get(step.target!)!
      }
      parts.use(holder.ref, path.field.apiName)
    } catch (error) {
      if (!(error instanceof ComputedError)) throw error
      throw new FormulaError(at, error.message, error.problem.hint)
    }
    // What it is once it is settled itself.
    const field = resolve(holder.ref, path.field.apiName)!.field
    const type = typeOf(field, path.part, name, at)
    const steps = path.steps.map((step) => step.apiName)
    return { kind: 'field', type, steps, name: field.apiName, part: path.part }
  }

  function find(name: string): FieldPath<Field> | null {
    return findPath<Field, Entity>(entity, name, {
      entityOf: (ref) => entities.get(ref),
      canSee: () => true,
    })
  }
}

const types: Readonly<Record<Domain, ValueType | null>> = {
  text: 'text',
  id: 'text',
  number: 'number',
  boolean: 'boolean',
  date: 'date',
  instant: 'dateTime',
  list: 'list',
  opaque: null,
}

function typeOf(field: Field, part: string | null, name: string, at: number): ValueType {
  const type = types[domainOf(field, part)]
  if (type !== null) return type
  const hint = 'Use texts, numbers, money, days, choices and relations.'
  throw new FormulaError(at, `"${clip(name)}" is of a kind that formulas cannot use.`, hint)
}

function namesNear(entity: Entity, name: string): string {
  const [first = ''] = name.split('.')
  const names = [...entity.byApiName.keys()]
  if (entity.byApiName.has(`${first}Id`) && !name.includes('.')) {
    return `It leads to a record: write ${first}.name, or ${first}Id.`
  }
  const near = names.filter((one) => one.toLowerCase().startsWith(first.slice(0, 2).toLowerCase()))
  return `Use one of ${(near.length > 0 ? near : names).slice(0, 8).join(', ')}.`
}

/** For reading a formula that is not a field yet: what it uses is noted nowhere. */
export function looseParts(entities: ReadonlyMap<string, Entity>): [Resolver, Parts] {
  const resolve: Resolver['resolve'] = (ref, apiName) => {
    const field = entities.get(ref)?.byApiName.get(apiName)
    if (!field) return null
    const isBlank = field.storage.in === 'computed' && field.storage.computation.by === 'nothing'
    return { field, depth: 0, size: 1, reads: new Set(), problems: [], cycle: null, isBlank }
  }
  const parts: Parts = {
    read: () => {},
    use(ref, apiName) {
      const used = resolve(ref, apiName)
      if (used && !used.isBlank) return used
      throw problem('', 'UNKNOWN_FIELD', `"${apiName}" cannot be worked out.`, 'Correct it first.')
    },
  }
  return [{ entities, resolve }, parts]
}
