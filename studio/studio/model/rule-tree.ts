import type { FieldInfo, Filter } from '@runwaycrm/sdk'
import { type FilterChip, operatorsOf } from '../../filters/filter-chip.ts'
import { chipCondition, chipOf, operatorKeys } from '../../filters/filter-json.ts'
import { isJsonObject, type Json } from './leaf.ts'

/** A rule as people build it: conditions, groups of them, and what no editor draws. */
export type RuleNode =
  /** Of a field of the record, drawn as filters draw it. */
  | { readonly kind: 'chip'; readonly chip: FilterChip }
  | RuleLeaf
  | RuleGroup
  /** Kept and sent as it came. */
  | { readonly kind: 'raw'; readonly rule: Json }

export interface RuleLeaf {
  readonly kind: 'leaf'
  readonly fact: string
  readonly path: string
  readonly operator: string
  readonly value?: Json
}
export interface RuleGroup {
  readonly kind: 'group'
  readonly join: 'all' | 'any' | 'none'
  readonly nodes: readonly RuleNode[]
}

export const ruleFacts = ['record', 'change', 'trigger', 'vars', 'steps', 'item', 'org'] as const
export const changeOperators = ['$changed', '$changedFrom', '$changedTo'] as const
export const plainOperators = [
  ...(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte', '$in', '$nin'] as const),
  ...(['$contains', '$startsWith', '$exists'] as const),
] as const
/** Groups within groups that are still readable. */
export const deepestRule = 4

const pathPattern = /^[A-Za-z][\w-]*(\.[\w-]+)*$/
const leafKeys: ReadonlySet<string> = new Set(['fact', 'path', 'operator', 'value'])
const knownOperators: readonly string[] = [...plainOperators, ...changeOperators]

/** @returns the whole rule as a group; one condition alone is a group of one. */
export function readRule(rule: Json | undefined): RuleGroup {
  if (rule === undefined || (isJsonObject(rule) && Object.keys(rule).length === 0)) return all([])
  if (isEmptyGroup(rule)) return all([])
  const node = readNode(rule)
  return node.kind === 'group' ? node : all([node])
}

const all = (nodes: readonly RuleNode[]): RuleGroup => ({ kind: 'group', join: 'all', nodes })
const isEmptyGroup = (rule: Json): boolean =>
  isJsonObject(rule) &&
  Object.keys(rule).length === 1 &&
  Object.values(rule).some((parts) => Array.isArray(parts) && parts.length === 0)

function readNode(rule: Json): RuleNode {
  const raw: RuleNode = { kind: 'raw', rule }
  if (!isJsonObject(rule)) return raw
  const [name, more] = Object.keys(rule)
  if (name === undefined) return raw
  if (more === undefined && (name === 'all' || name === 'any')) {
    const parts = rule[name]
    if (!Array.isArray(parts) || parts.length === 0) return raw
    return spanOf(rule) ?? { kind: 'group', join: name, nodes: parts.map(readNode) }
  }
  if (more === undefined && name === 'not') {
    const inner = readNode(rule['not'] as Json)
    const isPlain = inner.kind === 'group' && inner.join === 'any' && inner.nodes.length > 1
    return { kind: 'group', join: 'none', nodes: isPlain ? inner.nodes : [inner] }
  }
  return leafOf(rule) ?? raw
}

function leafOf(rule: Readonly<Record<string, Json>>): RuleNode | null {
  const { fact, path = '', operator, value } = rule
  if (Object.keys(rule).some((key) => !leafKeys.has(key))) return null
  if (typeof fact !== 'string' || !(ruleFacts as readonly string[]).includes(fact)) return null
  if (typeof path !== 'string' || (path !== '' && !pathPattern.test(path))) return null
  if (typeof operator !== 'string' || !knownOperators.includes(operator)) return null
  // The engine wants a value of every condition; one without is kept for whoever wrote it.
  if (value === undefined) return null
  const isList = Array.isArray(value)
  if (isList !== (operator === '$in' || operator === '$nin')) return null
  const members = isList ? value : [value]
  if (members.some((one) => typeof one === 'object' && one !== null)) return null
  if (fact === 'record' && path !== '') {
    const chip = chipOf(path, (operator === '$eq' ? value : { [operator]: value }) as never)
    const node: RuleNode | null = chip && { kind: 'chip', chip }
    if (node && sameJson(writeNode(node), rule)) return node
  }
  return { kind: 'leaf', fact, path, operator, value }
}

/** A span of time is two conditions of one field: this week. */
function spanOf(rule: Readonly<Record<string, Json>>): RuleNode | null {
  const parts = rule['all']
  if (!Array.isArray(parts) || parts.length !== 2) return null
  const [from, to] = parts
  if (!isJsonObject(from) || !isJsonObject(to) || from['path'] !== to['path']) return null
  const operators = {
    [String(from['operator'])]: from['value'],
    [String(to['operator'])]: to['value'],
  }
  const chip = chipOf(String(from['path']), operators as never)
  const node: RuleNode | null = chip && { kind: 'chip', chip }
  return node && sameJson(writeNode(node), rule) ? node : null
}

/** The order of members says nothing. */
function sameJson(one: Json | undefined, other: Json | undefined): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((part, at) => sameJson(part, other[at]))
  if (!isJsonObject(one) || !isJsonObject(other)) return one === other
  const keys = Object.keys(one)
  return (
    keys.length === Object.keys(other).length && keys.every((key) => sameJson(one[key], other[key]))
  )
}

/** @returns undefined for a rule that asks nothing; conditions without a value are left out. */
export const writeRule = (group: RuleGroup): Json | undefined => {
  const rule = writeNode(group)
  // The outermost part of a rule is a group.
  return isJsonObject(rule) && 'fact' in rule ? { all: [rule] } : rule
}

function writeNode(node: RuleNode): Json | undefined {
  if (node.kind === 'raw') return node.rule
  if (node.kind === 'chip') return writeChip(node.chip)
  if (node.kind === 'leaf') return writeLeaf(node)
  const parts = node.nodes.map(writeNode).filter((part) => part !== undefined)
  const [only] = parts
  if (only === undefined) return undefined
  if (node.join === 'none') return { not: parts.length === 1 ? only : { any: parts } }
  return { [node.join]: parts }
}

/** @returns the chip as a condition in the engine's own words, finished or not; null for a span, which is two. */
export function leafOfChip({ field, operator, value }: FilterChip): RuleLeaf | null {
  const leaf = { kind: 'leaf', fact: 'record', path: field } as const
  if (operator === 'within') return null
  if (operator === 'empty' || operator === 'filled')
    return { ...leaf, operator: '$exists', value: operator === 'filled' }
  const name = operator === 'is' ? '$eq' : operatorKeys[operator]
  if (!name) return null
  return { ...leaf, operator: name, ...(value === undefined ? {} : { value: value as Json }) }
}

const isTime = (field: FieldInfo): boolean => field.kind === 'date' || field.kind === 'dateTime'

/** Whether a chip has the editor for this; days are also counted from today, which chips do not write. */
export const isChipDrawn = (chip: FilterChip, field: FieldInfo): boolean =>
  operatorsOf(field).includes(chip.operator) &&
  (!isTime(field) || ['within', 'empty', 'filled'].includes(chip.operator))

/** What the engine compares a field with. */
export const fieldOperators = (field: FieldInfo): readonly string[] =>
  plainOperators.filter((name) => field.operators.length === 0 || field.operators.includes(name))

/** Operators of a field that its chip has no word for. */
export function moreOperators(field: FieldInfo): readonly string[] {
  const said = operatorsOf(field).map((operator) => leafOfChip({ field: '', operator })?.operator)
  return fieldOperators(field).filter((name) => !said.includes(name))
}

function writeLeaf({ fact, path, operator, value }: RuleLeaf): Json | undefined {
  if (value === undefined) return undefined
  return { fact, ...(path === '' ? {} : { path }), operator, value }
}

function writeChip(chip: FilterChip): Json | undefined {
  const condition: Filter | null = chipCondition(chip)
  if (!condition) return undefined
  const asked = condition[chip.field] as Json
  const leaf = (operator: string, value: Json): Json => ({
    fact: 'record',
    path: chip.field,
    operator,
    value,
  })
  if (!isJsonObject(asked)) return leaf('$eq', asked)
  const leaves = Object.entries(asked).map(([operator, value]) => leaf(operator, value))
  return leaves.length === 1 ? leaves[0] : { all: leaves }
}
