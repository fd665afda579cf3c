import { parseRelativeDate, type RecordData, resolveRelativeDate } from '@runwaycrm/sdk'
import type {
  Comparable,
  Condition,
  ConditionField,
  ConditionRun,
  Leaf,
  Operand,
} from './condition-tree.ts'
import { isMany } from './condition-tree.ts'
import { leafSemantics, type OperandValue, type Order } from './operators.ts'
import { comparableOf } from './stored-value.ts'

/**
 * Whether a record, as the API gives it, meets a checked condition. The same answer as the query
 * compiler's, nulls included.
 *
 * @returns undefined when the condition follows a relation that the record does not carry expanded,
 * so that the caller can err on the safe side.
 */
export function matchCondition(
  condition: Condition<ConditionField>,
  record: RecordValues,
  run: ConditionRun,
): boolean | undefined {
  switch (condition.kind) {
    case 'all':
      return settle(condition.of, record, run, false)
    case 'any':
      return settle(condition.of, record, run, true)
    case 'not': {
      const inner = matchCondition(condition.of, record, run)
      return inner === undefined ? undefined : !inner
    }
    case 'leaf':
      return matchLeaf(condition, record, run)
  }
}

export type RecordValues = RecordData | Readonly<Record<string, unknown>>

/** One answer of `decisive` decides; without it an unknown keeps the whole unknown. */
function settle(
  conditions: readonly Condition<ConditionField>[],
  record: RecordValues,
  run: ConditionRun,
  decisive: boolean,
): boolean | undefined {
  let answer: boolean | undefined = !decisive
  for (const condition of conditions) {
    const one = matchCondition(condition, record, run)
    if (one === decisive) return decisive
    if (one === undefined) answer = undefined
  }
  return answer
}

function matchLeaf(
  leaf: Leaf<ConditionField>,
  record: RecordValues,
  run: ConditionRun,
): boolean | undefined {
  return matchFrom(leaf, 0, record, run)
}

/** @param from how many of the leaf's steps lead to `holder` already. */
function matchFrom(
  leaf: Leaf<ConditionField>,
  from: number,
  record: RecordValues,
  run: ConditionRun,
): boolean | undefined {
  let holder: RecordValues = record
  for (const [index, step] of leaf.steps.slice(from).entries()) {
    if (isMany(step)) return matchAny(leaf, from + index, holder, run)
    const id = valueIn(holder, step.apiName)
    if (id === null || id === undefined) return false
    const name = step.apiName.slice(0, -'Id'.length)
    if (!Object.hasOwn(holder, name)) return undefined
    const target = valueIn(holder, name)
    if (target === null || typeof target !== 'object') return false
    holder = target as RecordValues
  }
  const value = comparableOf(leaf.field, leaf.part, valueIn(holder, leaf.field.apiName))
  return testLeaf(leaf, value, resolveOperand(leaf.operand, run, leaf.domain === 'date'))
}

/** One of the records that fits is enough; those that are not carried along may fit. */
function matchAny(
  leaf: Leaf<ConditionField>,
  at: number,
  holder: RecordValues,
  run: ConditionRun,
): boolean | undefined {
  const step = leaf.steps[at] as ConditionField
  const ids = valueIn(holder, step.apiName)
  if (!Array.isArray(ids) || ids.length === 0) return false
  const targets = valueIn(holder, step.key)
  if (!Array.isArray(targets)) return undefined
  let answer: boolean | undefined = targets.length < ids.length ? undefined : false
  for (const target of targets as readonly RecordValues[]) {
    const one = matchFrom(leaf, at + 1, target, run)
    if (one === true) return true
    if (one === undefined) answer = undefined
  }
  return answer
}

function valueIn(record: RecordValues, name: string): unknown {
  return Object.hasOwn(record, name) ? (record as Record<string, unknown>)[name] : null
}

/** The meaning of a leaf on values in storage terms; a rules engine calls it for its own leaves. */
export function testLeaf(
  leaf: Pick<Leaf, 'operator' | 'field'>,
  value: Comparable | readonly string[] | null,
  operand: OperandValue | null,
): boolean {
  if (value === null || operand === null) return false
  return leafSemantics[leaf.operator].test(value, operand, orderOf(leaf.field))
}

export function orderOf(field: ConditionField): Order {
  return field.typeDefinition.collation === 'exact' ? 'exact' : 'ci'
}

/** @returns null for nobody, which equals nothing. */
export function resolveOperand(
  operand: Operand,
  run: ConditionRun,
  isDate: boolean,
): OperandValue | null {
  switch (operand.is) {
    case 'value':
      return operand.value
    case 'me':
      return run.userId
    case 'team':
      return run.teammates
    case 'edge': {
      const domain = isDate ? 'date' : 'instant'
      const relative = parseRelativeDate(operand.token)!
      return resolveRelativeDate(relative, run.now, run.timeZone, domain)[operand.edge]
    }
    case 'list':
      return operand.items.flatMap((item) => {
        const value = resolveOperand(item, run, isDate)
        return value === null ? [] : value
      })
  }
}
