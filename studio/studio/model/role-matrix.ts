import { isJsonObject, type Json, type JsonObject } from './leaf.ts'

export const operations = ['create', 'read', 'update', 'delete'] as const
export type MatrixOperation = (typeof operations)[number]
/** Whose records: nobody's, one's own, those of one's teams, all of them; `rule` is a condition. */
export type Reach = 'none' | 'own' | 'team' | 'all'
const reaches: readonly Reach[] = ['none', 'own', 'team', 'all']

export interface Cell {
  readonly reach: Reach
  /** What rules for every object give already; a cell cannot go below it but to nothing. */
  readonly inherited: Reach
  /** Whether conditions or single fields say more than one word can. */
  readonly hasMore: boolean
}

interface Rule {
  readonly key: string
  readonly effect: 'allow' | 'deny'
  readonly operations: readonly string[]
  readonly entity: string
  readonly scope: Reach
  readonly isPlain: boolean
}

function rulesOf(rules: JsonObject): readonly Rule[] {
  return Object.entries(rules).flatMap(([key, rule]): readonly Rule[] => {
    if (!isJsonObject(rule)) return []
    const list = rule['operations']
    return [
      {
        key,
        effect: rule['effect'] === 'deny' ? 'deny' : 'allow',
        operations: Array.isArray(list) ? list.map(String) : [],
        entity: String(rule['entity'] ?? ''),
        scope: rule['scope'] === 'own' || rule['scope'] === 'team' ? rule['scope'] : 'all',
        isPlain: rule['fields'] === undefined && rule['condition'] === undefined,
      },
    ]
  })
}

const covers = (rule: Rule, operation: MatrixOperation): boolean =>
  rule.operations.includes(operation) || rule.operations.includes('manage')
const widest = (found: readonly Reach[]): Reach =>
  reaches[Math.max(0, ...found.map((one) => reaches.indexOf(one)))] ?? 'none'

/** What a role may do with the records of one object. */
export function cellOf(rules: JsonObject, entity: string, operation: MatrixOperation): Cell {
  const all = rulesOf(rules).filter((rule) => covers(rule, operation))
  const plain = all.filter((rule) => rule.isPlain && rule.effect === 'allow')
  const inherited = widest(plain.filter((rule) => rule.entity === '*').map((rule) => rule.scope))
  const own = widest(plain.filter((rule) => rule.entity === entity).map((rule) => rule.scope))
  const isDenied = all.some(
    (rule) =>
      rule.isPlain &&
      rule.effect === 'deny' &&
      rule.scope === 'all' &&
      [entity, '*'].includes(rule.entity),
  )
  return {
    reach: isDenied ? 'none' : widest([inherited, own]),
    inherited,
    hasMore: all.some((rule) => !rule.isPlain && [entity, '*'].includes(rule.entity)),
  }
}

/** The reaches that a cell can have: a rule for every object can be taken away as a whole only. */
export const reachesOf = ({ inherited }: Cell): readonly Reach[] =>
  reaches.filter((one) => one === 'none' || reaches.indexOf(one) >= reaches.indexOf(inherited))

/** The rules with one cell changed; rules with conditions and rules about fields stay as they are. */
export function withCell(
  rules: JsonObject,
  entity: string,
  operation: MatrixOperation,
  reach: Reach,
): JsonObject {
  const cell = cellOf(rules, entity, operation)
  const next: Record<string, Json> = {}
  for (const rule of rulesOf(rules)) {
    const definition = rules[rule.key] as JsonObject
    if (!rule.isPlain || rule.entity !== entity || !covers(rule, operation)) {
      next[rule.key] = definition
      continue
    }
    const written = rule.operations.includes('manage')
      ? [...operations, 'restore']
      : rule.operations
    const left = written.filter((one) => one !== operation)
    if (left.length > 0) next[rule.key] = { ...definition, operations: left }
  }
  if (reach === cell.inherited) return next
  return reach === 'none'
    ? add(next, entity, operation, { effect: 'deny' }, 'deny')
    : add(next, entity, operation, reach === 'all' ? {} : { scope: reach }, reach)
}

function add(
  rules: Readonly<Record<string, Json>>,
  entity: string,
  operation: MatrixOperation,
  how: JsonObject,
  name: string,
): JsonObject {
  const wanted = JSON.stringify(how)
  const same = Object.entries(rules).find(([, rule]) => {
    if (!isJsonObject(rule) || rule['entity'] !== entity) return false
    const { operations: _list, entity: _entity, reason: _reason, ...rest } = rule
    const { effect, scope, ...more } = rest
    if (Object.keys(more).length > 0) return false
    const plain = {
      ...(effect === 'deny' ? { effect } : {}),
      ...(scope === 'own' || scope === 'team' ? { scope } : {}),
    }
    return JSON.stringify(plain) === wanted
  })
  if (same) {
    const [key, rule] = same
    const list = (rule as JsonObject)['operations']
    const before = Array.isArray(list) ? list : []
    return { ...rules, [key]: { ...(rule as JsonObject), operations: [...before, operation] } }
  }
  const short = entity.slice(entity.indexOf(':') + 1).replace(/[^A-Za-z0-9]/g, '_')
  let key = `${short}_${name}`
  for (let n = 2; Object.hasOwn(rules, key); n++) key = `${short}_${name}${n}`
  return { ...rules, [key]: { ...how, operations: [operation], entity } }
}
