import type { Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import {
  addressOf,
  ask,
  exists,
  type Look,
  maskedValue,
  nameOf,
  outcome,
  refusal,
  rowsOf,
  someFields,
  unknownField,
  visibleOf,
} from './reading.ts'

const measured = { status: 200, code: null }

/** Groups and measures of every field: a hidden value is in no group and in no sum. */
export async function checkSums(look: Look): Promise<void> {
  const { cells, person, entity } = look
  const address = `${addressOf(look)}/aggregate`
  if (!person.oracle.ever('read', entity.ref)) {
    const reply = await ask(look, 'POST', address, { measures: { n: { count: '*' } } })
    cells.compare('measures', nameOf(look, ''), outcome(reply), refusal(look))
    return
  }
  const seen = [...visibleOf(look).values()]
  for (const field of someFields(look)) {
    const where = nameOf(look, field.apiName)
    const values = seen.map(
      (record) => person.oracle.shown(entity.ref, record, field.apiName) ?? null,
    )
    if (field.typeDefinition.groupable) {
      const body = { groupBy: [{ field: field.apiName }], measures: { n: { count: '*' } } }
      const reply = await ask(look, 'POST', address, body)
      if (!exists(look, field)) cells.compare('group', where, outcome(reply), unknownField)
      else cells.compare('group', where, groupsOf(rowsOf(reply), field), countsOf(values))
    }
    // Of a list nothing is measured.
    const isList = field.typeDefinition.kind === 'relations'
    for (const [kind, expected] of isList ? [] : measuresOf(field, values)) {
      const body = { measures: { m: { [kind]: field.apiName } } }
      const reply = await ask(look, 'POST', address, body)
      const name = `${where} ${kind}`
      if (!exists(look, field)) cells.compare('measures', name, outcome(reply), unknownField)
      else if (reply.status !== 200) cells.compare('measures', name, outcome(reply), measured)
      else cells.compare('measures', name, sorted(rowsOf(reply)[0]?.['m']), expected)
    }
    const body = { measures: { m: { count: '*', filter: { [field.apiName]: { $exists: true } } } } }
    const reply = await ask(look, 'POST', address, body)
    const count = seen.filter((record) => maskedValue(look, record, field) !== null).length
    if (!exists(look, field)) cells.compare('measures', where, outcome(reply), unknownField)
    else cells.compare('measures', `${where} filter`, rowsOf(reply)[0]?.['m'], count)
  }
}

function groupsOf(rows: readonly Facts[], { apiName }: Field): [string, number][] {
  return rows
    .map((row): [string, number] => [JSON.stringify(row[apiName]), row['n'] as number])
    .sort(byText)
}

function countsOf(values: readonly unknown[]): [string, number][] {
  const groups = Map.groupBy(values, (value) => JSON.stringify(value))
  return [...groups].map(([key, list]): [string, number] => [key, list.length]).sort(byText)
}

const byText = ([a]: [string, number], [b]: [string, number]) => (a < b ? -1 : 1)

/** What each measure of a field must give. */
function measuresOf(field: Field, values: readonly unknown[]): [string, unknown][] {
  const given = values.filter((value) => value !== null)
  const measures: [string, unknown][] = [['count', given.length]]
  const kinds = field.typeDefinition.measures ?? []
  const { kind } = field.typeDefinition
  if (kind === 'number') {
    const numbers = given as number[]
    if (kinds.includes('sum')) measures.push(['sum', numbers.length > 0 ? sumOf(numbers) : null])
    if (kinds.includes('max'))
      measures.push(['max', numbers.length > 0 ? Math.max(...numbers) : null])
  } else if (kind === 'currency') {
    measures.push(['sum', moneyOf(given as Money[])])
  } else if ((kind === 'date' || kind === 'dateTime') && kinds.includes('min')) {
    measures.push(['min', (given as string[]).toSorted()[0] ?? null])
  }
  return measures
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

interface Money {
  readonly amount: string
  readonly currency: string
}

/** One sum per currency, with two decimals at least. */
function moneyOf(values: readonly Money[]): Money[] {
  const byCode = Map.groupBy(values, ({ currency }) => currency)
  const sums = [...byCode].map(([currency, list]) => {
    const cents = list.reduce((sum, { amount }) => sum + BigInt(amount.replace('.', '')), 0n)
    const text = String(cents).padStart(3, '0')
    return { amount: `${text.slice(0, -2)}.${text.slice(-2)}`, currency }
  })
  return sorted(sums) as Money[]
}

function sorted(value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.toSorted((a: Money, b: Money) => (a.currency < b.currency ? -1 : 1))
}
