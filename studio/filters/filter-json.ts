import type { Filter, FilterOperators, FilterValue } from '@runwaycrm/sdk'
import {
  type ChipOperator,
  type FilterChip,
  type FilterDraft,
  type RangeName,
  ranges,
} from './filter-chip.ts'

/** Chips and the rest as filter JSON; null values of unfinished chips are left out. */
export function toFilter(draft: FilterDraft): Filter {
  const conditions = [
    ...draft.chips.map(chipCondition).filter((one): one is Filter => one !== null),
    ...draft.rest,
  ]
  return allOf(conditions)
}

/** ANDs conditions; the short form where no key appears twice. */
export function allOf(conditions: readonly (Filter | undefined)[]): Filter {
  const list = conditions.filter((one): one is Filter => !!one && Object.keys(one).length > 0)
  const merged: Record<string, Filter[string]> = {}
  for (const condition of list)
    for (const [key, value] of Object.entries(condition)) {
      if (key in merged) return { $and: list }
      merged[key] = value
    }
  return merged
}

/** The chips of a filter, as far as chips can say it. */
export function parseFilter(filter: Filter | undefined): FilterDraft {
  const chips: FilterChip[] = []
  const rest: Filter[] = []
  const read = (condition: Filter): void => {
    for (const [key, value] of Object.entries(condition)) {
      if (key === '$and' && Array.isArray(value)) {
        for (const one of value) read(one as Filter)
        continue
      }
      const chip = key.startsWith('$') ? null : chipOf(key, value as FilterValue)
      if (chip) chips.push(chip)
      else rest.push({ [key]: value })
    }
  }
  read(filter ?? {})
  return { chips, rest }
}

/** What the server calls them. */
export const operatorKeys: Readonly<Partial<Record<ChipOperator, keyof FilterOperators>>> = {
  isNot: '$ne',
  anyOf: '$in',
  noneOf: '$nin',
  contains: '$contains',
  startsWith: '$startsWith',
  above: '$gt',
  atLeast: '$gte',
  below: '$lt',
  atMost: '$lte',
}

export function chipCondition(chip: FilterChip): Filter | null {
  const { field, operator, value } = chip
  if (operator === 'empty') return { [field]: { $exists: false } }
  if (operator === 'filled') return { [field]: { $exists: true } }
  if (value === undefined || value === null || value === '') return null
  if (Array.isArray(value) && value.length === 0) return null
  if (operator === 'within') return { [field]: ranges[value as RangeName] ?? null }
  if (operator === 'is') return { [field]: value as FilterValue }
  if (operator === 'anyOf' && Array.isArray(value) && value.length === 1)
    return { [field]: value[0] }
  const key = operatorKeys[operator]
  return key ? { [field]: { [key]: value } as FilterOperators } : null
}

export function chipOf(field: string, value: FilterValue): FilterChip | null {
  if (typeof value !== 'object' || value === null) return { field, operator: 'is', value }
  const entries = Object.entries(value)
  const text = JSON.stringify(value)
  const range = Object.entries(ranges).find(([, span]) => JSON.stringify(span) === text)
  if (range) return { field, operator: 'within', value: range[0] }
  const [first, second] = entries
  if (!first || second) return null
  if (first[0] === '$exists') return { field, operator: first[1] ? 'filled' : 'empty' }
  if (first[0] === '$eq') return { field, operator: 'is', value: first[1] }
  const operator = (Object.keys(operatorKeys) as ChipOperator[]).find(
    (name) => operatorKeys[name] === first[0],
  )
  return operator ? { field, operator, value: first[1] } : null
}

/** An option, relation or user chip says "is any of" even with one value. */
export function normalizeChip(chip: FilterChip, isChoice: boolean): FilterChip {
  if (isChoice && chip.operator === 'is') return { ...chip, operator: 'anyOf', value: [chip.value] }
  if (isChoice && chip.operator === 'isNot')
    return { ...chip, operator: 'noneOf', value: [chip.value] }
  return chip
}
