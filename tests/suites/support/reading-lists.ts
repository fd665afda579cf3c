import { nobodysId } from './exchange.ts'
import type { Facts } from './oracle.ts'
import {
  addressOf,
  ask,
  comparable,
  exists,
  factsOf,
  type Look,
  maskedValue,
  nameOf,
  outcome,
  queryOf,
  refusal,
  rowsOf,
  shownRecord,
  someFields,
  unknownField,
  visibleOf,
} from './reading.ts'
import { relationName } from './sample-values.ts'

const wide = { limit: '200' }

/** The list with all of its values, its count, and the records that may be restored. */
export async function checkList(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  const address = addressOf(look)
  for (const deleted of [false, true]) {
    const surface = deleted ? 'deleted' : 'list'
    const query = queryOf({ ...wide, count: 'exact', ...(deleted ? { deleted: 'only' } : {}) })
    const reply = await ask(look, 'GET', `${address}?${query}`)
    const where = nameOf(look, '')
    if (!person.oracle.ever('read', entity.ref)) {
      cells.compare(surface, where, outcome(reply), refusal(look))
      continue
    }
    const records = [...setting[deleted ? 'deleted' : 'living'].get(entity.ref)!.values()]
    // What is deleted is shown to those who may restore it.
    const seen = visibleOf(
      look,
      records.filter((record) => !deleted || person.oracle.may('restore', entity.ref, record)),
    )
    const rows = rowsOf(reply)
    cells.compare(surface, `${where} ids`, rows.map(({ id }) => id).sort(), [...seen.keys()].sort())
    const { page } = reply.body as { page: { count: number } }
    cells.compare('count', where, page.count, seen.size)
    for (const row of rows) {
      const facts = seen.get(row.id)
      if (!facts) continue
      const expected = shownRecord(person.oracle, entity, facts)
      cells.compareFields(surface, `${where}${row.id}`, row, expected)
    }
  }
}

/** Single records: one that is seen, one that is not, one that is not there. */
export async function checkGet(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  const seen = visibleOf(look)
  const hidden = factsOf(look).filter((record) => !seen.has(record['id'] as string))
  for (const record of [...pickFew(look, [...seen.values()]), ...pickFew(look, hidden)]) {
    const id = record['id'] as string
    const reply = await ask(look, 'GET', `${addressOf(look)}/${id}`)
    const where = nameOf(look, id)
    if (!seen.has(id)) {
      const lacks = person.oracle.lacksScope('read', entity.ref)
      const expected = lacks ? refusal(look) : { status: 404, code: 'NOT_FOUND' }
      cells.compare('get', where, outcome(reply), expected)
    } else {
      cells.compare('get', where, reply.status, 200)
      const expected = shownRecord(person.oracle, entity, record)
      cells.compareFields('get', where, reply.body as Facts, expected)
    }
  }
  if (!person.oracle.ever('read', entity.ref)) return
  const gone = [...setting.deleted.get(entity.ref)!.keys()][0] ?? nobodysId()
  const reply = await ask(look, 'GET', `${addressOf(look)}/${gone}`)
  cells.compare('get', nameOf(look, gone), reply.status, 404)
}

function pickFew<T>({ setting }: Look, items: readonly T[]): T[] {
  return items.length === 0 ? [] : [...new Set([setting.random.pick(items), items[0]!])]
}

/** Every field by name, in `fields`, in filters, and in the order. */
export async function checkByField(look: Look): Promise<void> {
  const { cells, person, entity } = look
  if (!person.oracle.ever('read', entity.ref)) return
  const address = addressOf(look)
  const seen = [...visibleOf(look).values()]
  for (const field of someFields(look)) {
    const { apiName } = field
    const where = nameOf(look, apiName)
    const list = (values: Record<string, unknown>) =>
      ask(look, 'GET', `${address}?${queryOf({ ...wide, ...values })}`)
    const isThere = exists(look, field)

    const chosen = await list({ fields: apiName })
    if (!isThere) cells.compare('fields', where, outcome(chosen), unknownField)
    else {
      for (const row of rowsOf(chosen)) {
        const facts = seen.find((record) => record['id'] === row.id)!
        const expected = person.oracle.shown(entity.ref, facts, apiName)
        cells.compare('fields', where, row[apiName], expected)
      }
    }

    const filters: [string, object, (value: unknown) => boolean][] = [
      ['is there', { $exists: true }, (value) => value !== null],
      ['is blank', { $exists: false }, (value) => value === null],
      ...equalities(look, apiName),
    ]
    for (const [name, test, meets] of filters) {
      const reply = await list({ filter: { [apiName]: test }, fields: 'id' })
      const expected = seen.filter((record) => meets(maskedValue(look, record, field)))
      if (!isThere) cells.compare('filter', `${where} ${name}`, outcome(reply), unknownField)
      else cells.compare('filter', `${where} ${name}`, idsOf(rowsOf(reply)), idsOf(expected))
    }

    if (field.typeDefinition.sortable !== true) continue
    for (const sort of [apiName, `-${apiName}`]) {
      const reply = await list({ sort, fields: 'id' })
      if (!isThere) cells.compare('sort', where, outcome(reply), unknownField)
      else
        checkOrder(look, where, rowsOf(reply), (facts) => maskedValue(look, facts, field) === null)
    }
  }
}

/** Whoever sees no value is among the blanks, which come last in the order of their ids. */
function checkOrder(
  { cells, setting, entity }: Look,
  where: string,
  rows: readonly { readonly id: string }[],
  isBlank: (facts: Facts) => boolean,
): void {
  const facts = setting.living.get(entity.ref)!
  const blanks = rows.map(({ id }) => isBlank(facts.get(id)!))
  cells.compare('sort', `${where} blanks last`, blanks, [...blanks].sort())
  const ids = rows.map(({ id }) => id).filter((_, at) => blanks[at])
  const sorted = [...ids].sort()
  const isEven = [sorted, sorted.toReversed()].some((one) => one.join() === ids.join())
  cells.compare('sort', `${where} blanks by id`, isEven, true)
}

/** Filters for the value that a record really has, seen or not. */
function equalities(look: Look, apiName: string): [string, object, (value: unknown) => boolean][] {
  const field = look.entity.byApiName.get(apiName)!
  const values = factsOf(look).map((record) => record[apiName] ?? null)
  const given = values.filter((value) => value !== null && typeof value !== 'object')
  if (given.length > 0 && field.typeDefinition.operators.includes('$eq')) {
    const value = look.setting.random.pick(given)
    const same = (other: unknown) => other === value
    return [['equals', { $eq: value }, same]]
  }
  const amounts = values.filter((value) => isMoney(value))
  if (amounts.length === 0) return []
  const { amount } = look.setting.random.pick(amounts) as { amount: string }
  return [['equals', { $eq: amount }, (other) => isMoney(other) && other.amount === amount]]
}

function isMoney(value: unknown): value is { amount: string; currency: string } {
  return typeof value === 'object' && value !== null && 'amount' in value
}

export function idsOf(records: readonly Facts[]): string[] {
  return records.map((record) => String(record['id'])).sort()
}

/** Relations: what they lead to, what is filtered and sorted through them. */
export async function checkRelations(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  if (!person.oracle.ever('read', entity.ref)) return
  const address = addressOf(look)
  const seen = visibleOf(look)
  for (const field of entity.byApiName.values()) {
    const target = field.target === null ? undefined : setting.model.entities.get(field.target)
    if (!target) continue
    const name = relationName(field)
    const where = nameOf(look, name)
    const reply = await ask(look, 'GET', `${address}?${queryOf({ ...wide, expand: name })}`)
    if (!exists(look, field)) {
      const refused = { status: 400, code: 'BAD_EXPAND' }
      cells.compare('expand', where, outcome(reply), refused)
    } else {
      for (const row of rowsOf(reply)) {
        const all = reached(look, seen.get(row.id)!, field.apiName)
        if (field.typeDefinition.kind === 'relations') {
          const ids = (row[name] as readonly Facts[] | null)?.map(({ id }) => id)
          cells.compare(
            'expand',
            `${where} ${row.id}`,
            ids,
            all?.map(({ id }) => id),
          )
          continue
        }
        const expected = all?.[0] ?? null
        const shown = expected && shownRecord(person.oracle, target, expected)
        const actual = row[name] as Facts | null
        cells.compare('expand', `${where} ${row.id}`, actual === null, shown === null)
        if (actual && shown) cells.compareFields('expand', `${where} ${row.id}`, actual, shown)
      }
    }
    const [far] = setting.random.many(1, 1, () =>
      // What somebody else's computed field comes to for this reader, its own test says.
      setting.random.pick(
        [...target.byApiName.values()].filter(({ storage }) => storage.in !== 'computed'),
      ),
    )
    const path = `${name}.${far!.apiName}`
    const isThere =
      exists(look, field) &&
      person.oracle.ever('read', target.ref) &&
      person.oracle.ever('read', target.ref, far!.apiName)
    const query = queryOf({ ...wide, filter: { [path]: { $exists: true } }, fields: 'id' })
    const found = await ask(look, 'GET', `${address}?${query}`)
    if (!isThere) cells.compare('filter', nameOf(look, path), outcome(found), unknownField)
    else {
      const expected = [...seen.values()].filter((record) => {
        const all = reached(look, record, field.apiName) ?? []
        return all.some((facts) => {
          const value = person.oracle.shown(target.ref, facts, far!.apiName)
          return comparable(far!, value) !== null
        })
      })
      cells.compare('filter', nameOf(look, path), idsOf(rowsOf(found)), idsOf(expected))
    }
  }
}

/** The records that a relation leads somebody to; undefined where a list is hidden from them. */
function reached({ person, entity, setting }: Look, record: Facts, apiName: string) {
  const shown = person.oracle.shown(entity.ref, record, apiName)
  const target = entity.byApiName.get(apiName)!.target!
  if (shown === undefined) return undefined
  return [shown].flat().flatMap((id): Facts[] => {
    const facts = typeof id === 'string' ? setting.living.get(target)?.get(id) : undefined
    return facts && person.oracle.may('read', target, facts) ? [facts] : []
  })
}
