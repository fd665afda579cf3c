import type { RoleDefinition } from '@runwaycrm/sdk'
import type { Entity, Field, Model } from '../../../kernel/model/model.ts'
import type { Seeded } from '../../../kernel/records/testing/seeded.ts'
import type { Facts } from './oracle.ts'

type Rule = RoleDefinition['rules'][string]

const operations = ['create', 'read', 'update', 'delete', 'restore'] as const

/**
 * A role of random rules over the entities of a model: allowing and denying, on some fields, on records
 * that meet a condition. Conditions take their values from records that there are, so that they divide.
 */
export function randomRole(
  random: Seeded,
  model: Model,
  recordsOf: (entity: string) => readonly Facts[],
): RoleDefinition {
  const entities = [...model.entities.values()]
  const rules: Record<string, Rule> = {}
  for (const entity of entities) {
    for (let count = random.below(4); count > 0; count--) {
      const records = recordsOf(entity.ref)
      rules[`rule${Object.keys(rules).length}`] = randomRule(random, entity, model, records)
    }
  }
  if (random.chance(0.5)) {
    const scope = random.pick(['own', 'team', 'all'] as const)
    rules['everything'] = { operations: ['read'], entity: '*', scope }
  }
  if (random.chance(0.5)) {
    rules['writing'] = { operations: ['create', 'update'], entity: '*', scope: 'all' }
  }
  const permissions = ['actions:*', ...(random.chance(0.5) ? ['import', 'export'] : [])]
  return { label: 'Random', rules, permissions } as RoleDefinition
}

function randomRule(random: Seeded, entity: Entity, model: Model, records: readonly Facts[]): Rule {
  const effect = random.chance(0.6) ? 'allow' : 'deny'
  // A denial of everything leaves nothing to compare.
  const withFields = random.chance(effect === 'deny' ? 0.8 : 0.5)
  const fields = [...entity.byApiName.values()].filter((field) => field.apiName !== 'id')
  return {
    effect,
    operations: random.chance(0.6) ? ['read'] : random.many(1, 3, () => random.pick(operations)),
    entity: entity.ref,
    ...(withFields ? { fields: random.many(1, 5, () => nameOf(random, random.pick(fields))) } : {}),
    ...(random.chance(0.6)
      ? { condition: randomCondition(random, entity, model, records, 2) }
      : {}),
  } as Rule
}

/** A rule may name a field by its key or as the API does. */
function nameOf(random: Seeded, { key, apiName, system }: Field): string {
  return !system && random.chance(0.5) ? key : apiName
}

function randomCondition(
  random: Seeded,
  entity: Entity,
  model: Model,
  records: readonly Facts[],
  depth: number,
): Facts {
  const inner = () => randomCondition(random, entity, model, records, depth - 1)
  if (depth > 0 && random.chance(0.25)) {
    return random.pick([
      { $and: [inner(), inner()] },
      { $or: [inner(), inner()] },
      { $not: inner() },
    ])
  }
  if (random.chance(0.2)) return { ownerId: random.pick(['@me', '@team', null]) }
  const fields = [...entity.fields.values()].filter(isPlain)
  const field = random.pick(fields)
  const value = records.length > 0 ? random.pick(records)[field.apiName] : undefined
  const relations = [...entity.fields.values()].filter(
    ({ typeDefinition: { kind } }) => kind === 'relation',
  )
  if (relations.length > 0 && random.chance(0.2)) {
    const relation = random.pick(relations)
    const target = model.entities.get(relation.target!)
    if (target)
      return {
        [`${relation.apiName.slice(0, -2)}.${target.titleField}`]: { $exists: random.chance(0.5) },
      }
  }
  return { [field.apiName]: randomTest(random, field, value ?? null) }
}

const kinds: readonly string[] = ['text', 'number', 'boolean', 'date', 'dateTime', 'option']

function isPlain({ typeDefinition: { kind, operators }, storage }: Field): boolean {
  return kinds.includes(kind ?? '') && storage.in !== 'computed' && operators.includes('$eq')
}

function randomTest(random: Seeded, field: Field, value: unknown): unknown {
  if (value === null) return random.pick([{ $exists: true }, { $exists: false }, null])
  const operators = field.typeDefinition.operators as readonly string[]
  const tests = [{ $eq: value }, { $ne: value }, { $exists: random.chance(0.5) }] as unknown[]
  if (operators.includes('$in')) tests.push({ $in: [value, null] }, { $nin: [value] })
  // Texts have an order of their own, which the oracle leaves to the property tests of filters.
  if (operators.includes('$gte') && field.typeDefinition.kind !== 'text') {
    tests.push({ $gte: value }, { $lt: value }, { $not: { $gt: value } })
  }
  return random.pick(tests)
}
