import { type FilterOperator, filterOperators } from './condition.ts'
import type { IssueCode } from './errors.ts'

/** What the rules of a point may ask about, and how: its keyword `x-rules`. */
export interface RuleWords {
  /** Facts, to the names of what is in them; null where anything may be. */
  readonly facts: Readonly<Record<string, readonly string[] | null>>
  /** Operators besides those of filters, by their fact, to the one whose values they take. */
  readonly operators: Readonly<Record<string, Readonly<Record<string, FilterOperator>>>>
}

/** One condition of a rule. */
export interface RuleLeaf {
  /** Below the rule. */
  readonly at: readonly string[]
  readonly fact: string
  /** Empty for the fact as a whole. */
  readonly path: string
  readonly operator: string
  /** The operator of filters that it is, or whose values it takes. */
  readonly like: FilterOperator
  readonly value: unknown
}

export interface RuleIssue {
  /** Below the rule. */
  readonly at: readonly string[]
  readonly code: IssueCode
  readonly message: string
  /** What is allowed there. */
  readonly hint: string
}

export interface ReadRule {
  /** Those with which nothing is wrong. */
  readonly leaves: readonly RuleLeaf[]
  readonly issues: readonly RuleIssue[]
}

/**
 * The conditions of a rule of json-rules-engine, and what is wrong with it: groups `all`, `any` and `not` around
 * conditions `{fact, path, operator, value}`. An empty object asks nothing. Values of the kinds that fields have are
 * not looked at here.
 */
export function readRule(rule: unknown, words: RuleWords): ReadRule {
  const isEmpty = isObject(rule) && Object.keys(rule).length === 0
  return isEmpty ? { leaves: [], issues: [] } : readPart(rule, words, [])
}

function readPart(part: unknown, words: RuleWords, at: Place): ReadRule {
  if (!isObject(part)) {
    return only(issue(at, 'WRONG_TYPE', 'This is no condition.', `${leafForm} ${groupForm}`))
  }
  const group = ['all', 'any', 'not'].find((name) => Object.hasOwn(part, name))
  const members = group === undefined ? leafMembers : [group]
  const odd = Object.keys(part)
    .filter((name) => !members.includes(name) && !notes.includes(name))
    .map((name) => {
      const said = clip(name)
      const message =
        group === undefined
          ? `A condition has no "${said}".`
          : `A group "${group}" has no "${said}".`
      const hint = `Known here: ${members.join(', ')}.`
      return issue([...at, name], 'UNKNOWN_FIELD', message, hint)
    })
  if (group === undefined) return withIssues(odd, readLeaf(part, words, at))
  const inner = part[group]
  if (group === 'not') return withIssues(odd, readPart(inner, words, [...at, group]))
  if (!Array.isArray(inner)) {
    const message = `"${group}" is a list of conditions.`
    return only(...odd, issue([...at, group], 'WRONG_TYPE', message, groupForm))
  }
  const parts = inner.map((one, index) => readPart(one, words, [...at, group, String(index)]))
  return {
    leaves: parts.flatMap(({ leaves }) => leaves),
    issues: [...odd, ...parts.flatMap(({ issues }) => issues)],
  }
}

function readLeaf(part: Members, words: RuleWords, at: Place): ReadRule {
  const { fact, path = '', operator, value } = part
  const missing = ['fact', 'operator', 'value'].filter((name) => part[name] === undefined)
  const like = likeOf(fact, operator, words)
  const issues = [
    ...missing.map((name) =>
      issue([...at, name], 'REQUIRED', `The condition has no "${name}".`, leafForm),
    ),
    ...(fact === undefined ? [] : placeIssues(fact, path, words, at)),
    ...(operator === undefined || like ? [] : [operatorIssue(fact, operator, words, at)]),
    ...(like && value !== undefined ? valueIssues(String(operator), like, value, at) : []),
  ]
  if (issues.length > 0 || !like) return { leaves: [], issues }
  const texts = { fact: String(fact), path: String(path), operator: String(operator) }
  return { leaves: [{ at, ...texts, like, value }], issues }
}

function placeIssues(fact: unknown, path: unknown, words: RuleWords, at: Place): RuleIssue[] {
  const facts = Object.keys(words.facts)
  if (typeof fact !== 'string' || !facts.includes(fact)) {
    const message = `There is no "${textOf(fact)}" to ask about.`
    const hint = `It asks about one of: ${facts.join(', ')}.`
    return [issue([...at, 'fact'], 'UNKNOWN_OPTION', message, hint)]
  }
  if (path === '') return []
  if (typeof path !== 'string' || !pathForm.test(path)) {
    const hint = 'It is names with dots between them: account.industry.'
    return [issue([...at, 'path'], 'BAD_FORMAT', `"${textOf(path)}" is no path.`, hint)]
  }
  const first = path.split('.')[0] as string
  const within = words.facts[fact]
  if (!within || within.includes(first)) return []
  const hint = within.length > 0 ? `Known here: ${within.join(', ')}.` : 'It has nothing yet.'
  const message = `"${fact}" has no "${clip(first)}".`
  return [issue([...at, 'path'], 'UNKNOWN_FIELD', message, hint)]
}

/** The operator of filters that one is, or is like; null when there is none of that name. */
function likeOf(fact: unknown, operator: unknown, words: RuleWords): FilterOperator | null {
  const own = Object.hasOwn(words.operators, String(fact)) ? words.operators[String(fact)] : null
  if (typeof operator !== 'string') return null
  if (own && Object.hasOwn(own, operator)) return own[operator] as FilterOperator
  return isFilterOperator(operator) ? operator : null
}

function operatorIssue(fact: unknown, operator: unknown, words: RuleWords, at: Place): RuleIssue {
  const name = textOf(operator)
  const owner = Object.entries(words.operators).find(([, own]) => Object.hasOwn(own, name))?.[0]
  const message = owner
    ? `"${name}" asks about "${owner}" alone.`
    : `There is no operator "${name}".`
  const own = Object.entries(words.operators).find(([of]) => of === fact)?.[1] ?? {}
  const hint = `It is one of: ${[...filterOperators, ...Object.keys(own)].join(', ')}.`
  return issue([...at, 'operator'], 'UNKNOWN_OPTION', message, hint)
}

function valueIssues(name: string, like: FilterOperator, value: unknown, at: Place): RuleIssue[] {
  if (hasPlaces(value)) return []
  if (like === '$not' && isObject(value)) {
    return Object.entries(value).flatMap(([inner, one]) =>
      isFilterOperator(inner)
        ? valueIssues(inner, inner, one, at)
        : [wrongValue(`${name} takes operators within it, and "${clip(inner)}" is none.`, at)],
    )
  }
  const wrong = wrongFor(name, like, value)
  return wrong === null ? [] : [wrongValue(wrong, at)]
}

const wrongValue = (message: string, at: Place): RuleIssue =>
  issue([...at, 'value'], 'WRONG_TYPE', message, otherPlace)

/** What an operator of this name takes instead of a value; null when it takes that. */
function wrongFor(name: string, like: FilterOperator, value: unknown): string | null {
  switch (like) {
    case '$not':
      return `${name} takes an object of operators, such as {"$contains": "x"}.`
    case '$in':
    case '$nin':
      return Array.isArray(value) && value.every(isScalar)
        ? null
        : `${name} takes a list of values.`
    case '$exists':
      return typeof value === 'boolean' ? null : `${name} takes true or false.`
    case '$startsWith':
      return typeof value === 'string' ? null : `${name} takes a text.`
    case '$contains':
      return isScalar(value) && value !== null ? null : `${name} takes a text.`
    case '$eq':
    case '$ne':
      return isScalar(value) ? null : `${name} takes a text, a number, true, false or null.`
    default:
      return typeof value === 'string' || typeof value === 'number'
        ? null
        : `${name} takes a number, a text or a day.`
  }
}

/** Whether a text has a place in it that is filled later, and so stands for a value of any kind. */
export const hasPlaces = (value: unknown): value is string =>
  typeof value === 'string' && value.includes('{{')

type Members = Readonly<Record<string, unknown>>
type Place = readonly string[]

/** What json-rules-engine takes besides, and what says nothing about when a rule holds. */
const notes: readonly string[] = ['name', 'priority']
const leafMembers: readonly string[] = ['fact', 'path', 'operator', 'value']
const pathForm = /^[A-Za-z][\w-]*(\.[\w-]+)*$/
const leafForm = 'A condition is {"fact", "path", "operator", "value"}.'
const groupForm = 'Groups are {"all": […]}, {"any": […]} and {"not": …}.'
const otherPlace = 'Another place is written in braces: {{ vars.limit }}.'

const issue = (at: Place, code: IssueCode, message: string, hint: string): RuleIssue => ({
  ...{ at, code, message, hint },
})
const only = (...issues: readonly RuleIssue[]): ReadRule => ({ leaves: [], issues })
const withIssues = (more: readonly RuleIssue[], { leaves, issues }: ReadRule): ReadRule => ({
  leaves,
  issues: [...more, ...issues],
})
const isFilterOperator = (name: string): name is FilterOperator =>
  (filterOperators as readonly string[]).includes(name)
const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isScalar = (value: unknown): boolean => value === null || typeof value !== 'object'
const textOf = (value: unknown) => clip(typeof value === 'string' ? value : JSON.stringify(value))
const clip = (text: string) => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
