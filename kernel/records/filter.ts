import type { Filter } from '@runwaycrm/sdk'
import { checkCondition } from '../access/check-condition.ts'
import {
  type Comparable,
  type Condition,
  isMany,
  type Leaf,
  type Operand,
} from '../access/condition-tree.ts'
import { canReadField } from '../access/field-mask.ts'
import { type FieldPath, findPath, type PathOptions } from '../access/field-path.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import type { Codecs } from './fields.ts'

/**
 * The filter of a request as a checked tree: fields that are unknown, hidden from the reader, or of an
 * entity that the reader may not read are all the same error.
 *
 * @throws {UnknownFieldError}
 * @throws {BadFilterError}
 */
export function checkFilter(
  ctx: RequestContext,
  entity: Entity,
  filter: Filter | undefined,
  codecs: Codecs,
): Condition<Field> {
  if (filter === undefined) return everything
  return checkCondition<Field, Entity>(filter, entity, {
    ...readerPaths(ctx),
    parseOperand: operandParser(ctx, codecs),
  })
}

export const everything: Condition<Field> = { kind: 'all', of: [] }

export function isEverything(condition: Condition<Field>): boolean {
  return condition.kind === 'all' && condition.of.length === 0
}

/** A condition of the ability: it decides and does not show, so every field may stand in it. */
export function checkRule(
  ctx: RequestContext,
  entity: Entity,
  filter: Filter,
  codecs: Codecs,
): Condition<Field> {
  return checkCondition<Field, Entity>(filter, entity, {
    entityOf: (ref) => ctx.model.entities.get(ref),
    canSee: () => true,
    parseOperand: operandParser(ctx, codecs),
    unlimited: true,
  })
}

/** A field that the reader may know of, by its path; null otherwise. */
export function findReadable(
  ctx: RequestContext,
  entity: Entity,
  name: string,
): FieldPath<Field> | null {
  return findPath<Field, Entity>(entity, name, readerPaths(ctx))
}

function readerPaths(ctx: RequestContext): PathOptions<Field, Entity> {
  const { model, ability } = ctx
  return {
    entityOf: (ref) => model.entities.get(ref),
    canSee: (at, field) => ability.can('read', at.ref) && canReadField(ability, at, field.apiName),
  }
}

function operandParser({ org, model }: RequestContext, codecs: Codecs) {
  return (field: Field, part: string | null, input: Comparable) => {
    // References are kept with the entity's own name; people also write its plural.
    if (
      field.typeDefinition.kind === 'reference' &&
      part === 'entity' &&
      typeof input === 'string'
    ) {
      input = model.entityByPlural.get(input)?.ref ?? input
    }
    return codecs.parseOperand(field, part, input, org)
  }
}

/** Equal shapes give equal SQL; the values are parameters. */
export function shapeOf(condition: Condition<Field>): string {
  switch (condition.kind) {
    case 'leaf': {
      const { steps, field, part, operator } = condition
      const path = [...steps, field].map((step) => step.apiName).join('.')
      return `${path}${part === null ? '' : `.${part}`}${operator}`
    }
    case 'not':
      return `!(${shapeOf(condition.of)})`
    default:
      return `${condition.kind === 'all' ? '&' : '|'}(${condition.of.map(shapeOf).join(',')})`
  }
}

/** All leaves from left to right. */
export function leavesOf(condition: Condition<Field>, into: Leaf<Field>[] = []): Leaf<Field>[] {
  if (condition.kind === 'leaf') into.push(condition)
  else if (condition.kind === 'not') leavesOf(condition.of, into)
  else for (const part of condition.of) leavesOf(part, into)
  return into
}

export function operandsOf(condition: Condition<Field>): Operand[] {
  return leavesOf(condition).map((leaf) => leaf.operand)
}

/** Whether it follows a relation, so that its SQL depends on more than this entity. */
export function followsRelations(condition: Condition<Field>): boolean {
  return leavesOf(condition).some((leaf) => leaf.steps.length > 0 || isMany(leaf.field))
}
