import type { HandlerContext, RecordData, Records } from './context.ts'
import { InvalidError, StaleVersionError, StateConflictError } from './errors.ts'
import type { AfterChange, HookChange, HookContext, HookOutcome } from './handlers.ts'
import { type Money, readMoney, scaleMoney, takePercent } from './money.ts'
import { isSampleGoing } from './sample.ts'

/**
 * Documents with lines: quotes, orders, invoices. A line has `quantity`, `unitPrice`, `discount` (percent)
 * and `total`; its document has `status`, `taxRate`, `subtotal`, `tax`, `total`, `lineCount` and
 * `maxDiscount`. Hooks keep the figures in step, whoever writes.
 */
export interface LinesOf {
  /** Entity references. */
  readonly document: string
  readonly line: string
  /** API name of the line's relation to its document. */
  readonly relation: string
  /** States of the document in which its lines may change. */
  readonly open: readonly string[]
}

/** Before a line is written: its total follows from quantity, price and discount. */
export function priceLine({ before, values }: HookChange, ctx: HookContext): HookOutcome {
  const of = (name: string) => (values[name] === undefined ? before?.[name] : values[name])
  const price = readMoney(of('unitPrice'), ctx.org.currency)
  if (!price) return { set: { total: null } }
  const quantity = Number(of('quantity') ?? 1)
  const full = scaleMoney(price, quantity)
  const total = full && takePercent(full, Number(of('discount') ?? 0))
  if (!total)
    return { refuse: { field: 'quantity', message: 'The line comes to more than can be kept.' } }
  return { set: { total } }
}

/** Before a document is written: tax and total follow from the tax rate. */
export function taxDocument({ before, values }: HookChange): HookOutcome | undefined {
  const subtotal = before && readMoney(before['subtotal'], '')
  if (!subtotal || values['taxRate'] === undefined) return undefined
  return { set: totalsOf(subtotal, Number(values['taxRate'] ?? 0)) }
}

/** Subtotal, tax and total; the tax is reckoned once for the document and rounded once. */
export function totalsOf(subtotal: Money, taxRate: number) {
  const total = takePercent(subtotal, -taxRate)
  if (!total) throw new InvalidError('The total is more than can be kept.')
  const tax = (Number(total.amount) - Number(subtotal.amount)).toFixed(2)
  return { subtotal, tax: { amount: tax, currency: subtotal.currency }, total }
}

/**
 * After lines were written: the totals of their documents, in the same transaction. Reads after it has the
 * present version and writes under it, so that two who add lines at once both count.
 *
 * @throws StateConflictError when a document has left the states in which lines change.
 * @throws InvalidError when the lines of one document are in several currencies.
 */
export async function followLines(
  { operation, door, records }: AfterChange,
  ctx: HandlerContext,
  lines: LinesOf,
): Promise<void> {
  const written = records.filter(({ before }) => !isSampleGoing(door, before))
  const parents = new Set<string>()
  const note = (record: RecordData | null) => {
    const id = record?.[lines.relation]
    if (typeof id === 'string') parents.add(id)
  }
  for (const { before } of written) note(before)
  if (operation !== 'delete')
    for (let start = 0; start < written.length; start += atOnce) {
      const ids = written.slice(start, start + atOnce).map(({ id }) => id)
      const filter = { id: { $in: ids } }
      const query = { filter, fields: [lines.relation], limit: atOnce }
      for (const record of (await ctx.records.list(lines.line, query)).data) note(record)
    }
  for (const id of [...parents].sort()) await refresh(ctx, lines, id)
}

const atOnce = 100
const attempts = 4

async function refresh(ctx: HandlerContext, lines: LinesOf, id: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const document = await findDocument(ctx.records, lines, id)
    // Its lines go with it.
    if (!document) return
    const status = String(document['status'])
    if (!lines.open.includes(status))
      throw new StateConflictError(
        `The ${ctx.label(lines.document).one.toLowerCase()} is ${status.replaceAll('_', ' ')}; its lines stay as they are.`,
      )
    const values = await sumLines(ctx, lines, document)
    try {
      await ctx.records.update(lines.document, id, values, document.version)
      return
    } catch (error) {
      if (!(error instanceof StaleVersionError) || attempt === attempts) throw error
    }
  }
}

async function findDocument(records: Records, { document }: LinesOf, id: string) {
  const { data } = await records.list(document, {
    filter: { id },
    fields: ['status', 'taxRate'],
    limit: 1,
  })
  return data[0] ?? null
}

async function sumLines(ctx: HandlerContext, lines: LinesOf, document: RecordData) {
  const { data } = await ctx.records.aggregate(lines.line, {
    filter: { [lines.relation]: document.id },
    measures: { n: { count: '*' }, total: { sum: 'total' }, discount: { max: 'discount' } },
  })
  const row = data[0]
  const sums = (Array.isArray(row?.['total']) ? row['total'] : []) as readonly Money[]
  if (sums.length > 1) {
    const message = `All lines are in one currency; these are in ${sums.map((sum) => sum.currency).join(' and ')}.`
    throw new InvalidError(message, {
      errors: [{ path: 'unitPrice', code: 'OUT_OF_RANGE', message }],
    })
  }
  const subtotal = sums[0] ?? { amount: '0.00', currency: ctx.org.currency }
  return {
    ...totalsOf(subtotal, Number(document['taxRate'] ?? 0)),
    lineCount: Number(row?.['n'] ?? 0),
    maxDiscount: Number(row?.['discount'] ?? 0),
  }
}
