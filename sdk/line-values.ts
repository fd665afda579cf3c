import type { FieldValues, RecordData, Records } from './context.ts'
import { InvalidError, type Issue } from './errors.ts'
import { readMoney } from './money.ts'

export interface LineInput {
  readonly productId?: string
  readonly name?: string
  readonly quantity?: number
  readonly unitPrice?: number
  readonly discount?: number
}

/**
 * Lines as they are kept: what an input leaves open comes from the product.
 *
 * @param currency of bare prices.
 * @throws InvalidError naming every line that lacks something, or whose product is missing or hidden.
 */
export async function lineValues(
  records: Records,
  lines: readonly LineInput[],
  defaults: { readonly currency: string; readonly discount?: number | undefined },
): Promise<readonly FieldValues[]> {
  const products = await productsOf(records, lines)
  const errors: Issue[] = []
  const issue = (path: string, code: Issue['code'], message: string) => {
    errors.push({ path: `input.lines${path}`, code, message })
  }
  const values = lines.map((line, index) => {
    const product = line.productId ? products.get(line.productId) : undefined
    if (line.productId && !product)
      issue(`[${index}].productId`, 'UNKNOWN_RECORD', 'There is no such product.')
    const name = line.name?.trim() || product?.['name']
    if (!name && !line.productId) issue(`[${index}].name`, 'REQUIRED', 'Give a product or a name.')
    const unitPrice =
      line.unitPrice === undefined
        ? readMoney(product?.['price'], defaults.currency)
        : readMoney(line.unitPrice, defaults.currency)
    if (!unitPrice && (product || !line.productId))
      issue(`[${index}].unitPrice`, 'REQUIRED', 'The product has no price; give one.')
    return {
      name,
      productId: product?.id ?? null,
      quantity: line.quantity ?? 1,
      unitPrice,
      discount: line.discount ?? defaults.discount ?? 0,
    }
  })
  if (errors.length > 0) throw new InvalidError(errors[0]!.message, { errors })
  return values
}

async function productsOf(records: Records, lines: readonly LineInput[]) {
  const ids = [...new Set(lines.flatMap(({ productId }) => productId ?? []))]
  if (ids.length === 0) return new Map<string, RecordData>()
  const { data } = await records.list('crm.products:product', {
    filter: { id: { $in: ids } },
    fields: ['name', 'price'],
    limit: 200,
  })
  return new Map(data.map((product) => [product.id, product]))
}

/**
 * Copies the lines of one record to another, as they are and in their order.
 *
 * @param from the entity of the lines, and the relation by which they lead to the record `of`.
 * @param values of every copy besides.
 */
export async function copyLines(
  records: Records,
  from: { readonly entity: string; readonly by: string; readonly of: string },
  to: { readonly entity: string; readonly values: FieldValues },
): Promise<void> {
  for (let offset = 0; ; offset += linesAtOnce) {
    const { data } = await records.list(from.entity, {
      filter: { [from.by]: from.of },
      sort: 'createdAt',
      limit: linesAtOnce,
      offset,
    })
    const create = data.map((line) => ({
      name: line['name'],
      productId: line['productId'],
      quantity: line['quantity'],
      unitPrice: line['unitPrice'],
      discount: line['discount'],
      ...to.values,
    }))
    if (create.length > 0) await records.bulk(to.entity, { create })
    if (data.length < linesAtOnce) return
  }
}

const linesAtOnce = 200
