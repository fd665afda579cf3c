import { csvCell, type FieldInfo } from '@runwaycrm/sdk'
import { cellText, type Names } from './cell-text.ts'
import type { ExportPage } from './read-pages.ts'

/**
 * Records as CSV of RFC 4180, labels in the first line, cells that a spreadsheet would run defused. An
 * amount has its currency in a column of its own beside it.
 */
export async function* writeCsv(
  pages: AsyncIterable<ExportPage>,
  fields: readonly FieldInfo[],
  names: Names,
  /** @property currency what a currency is called, for the heads of their columns. */
  options: { readonly bom: boolean; readonly currency: string },
): AsyncGenerator<string> {
  const columns = uniqueLabels(fields.flatMap((field) => columnsOf(field, options.currency)))
  const line = (cells: readonly string[]) => `${cells.map(csvCell).join(',')}\r\n`
  yield (options.bom ? '\ufeff' : '') + line(columns.map(({ label }) => label))
  for await (const records of pages) {
    yield records
      .map((record) =>
        line(columns.map(({ field, part }) => part(record[field.apiName], field, names))),
      )
      .join('')
  }
}

interface Column {
  readonly field: FieldInfo
  readonly label: string
  readonly part: (value: unknown, field: FieldInfo, names: Names) => string
}

function columnsOf(field: FieldInfo, currency: string): Column[] {
  if (field.kind !== 'currency') {
    return [{ field, label: field.label, part: (value, of, names) => cellText(of, value, names) }]
  }
  return (['amount', 'currency'] as const).map((name) => ({
    field,
    label: name === 'amount' ? field.label : `${field.label} (${currency})`,
    part: (value) => String((value as Record<string, string> | null)?.[name] ?? ''),
  }))
}

/** Two fields may have one label; an import wants each column named once. */
function uniqueLabels(columns: readonly Column[]): readonly Column[] {
  const seen = new Set<string>()
  return columns.map((column) => {
    const label = seen.has(column.label)
      ? `${column.label} (${column.field.apiName})`
      : column.label
    seen.add(label)
    return { ...column, label }
  })
}
