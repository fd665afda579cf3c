import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { codeChoices } from '../format/code-names.ts'
import { editStyle, isMultiple } from '../model/edit-style.ts'
import { type FieldKind, fieldKind } from '../model/field-kinds.ts'
import { inputText } from '../model/input-text.ts'
import { parseInput } from '../model/parse-input.ts'
import { useFormat } from './use-format.ts'
import type { CellAt } from './use-grid-cursor.ts'
import { useModel } from './use-model.ts'

/** Copying to and pasting from a spreadsheet. */
export function useGridClipboard(deps: {
  fields: () => readonly FieldInfo[]
  records: () => readonly RecordData[]
  /** Selected records; copied whole when there are any. */
  chosen: () => readonly RecordData[]
  /** Null while a cell is being edited: the input has a clipboard of its own. */
  cursor: () => CellAt | null
  canWrite: () => boolean
  save: (record: RecordData, field: FieldInfo, value: unknown) => void
}) {
  const format = useFormat()
  const model = useModel()

  function textOf(record: RecordData | undefined, field: FieldInfo | undefined): string {
    if (!record || !field) return ''
    const value = record[field.apiName]
    // Numbers and days as a spreadsheet reads them, and as they can be pasted again.
    return exact.has(fieldKind(field))
      ? inputText(field, value, { locale: format.locale.value })
      : format.text(field, value)
  }

  return {
    /** The cell, or the chosen rows with a tab between values. */
    async copy(): Promise<void> {
      const cell = deps.cursor()
      const chosen = deps.chosen()
      const text =
        chosen.length > 0
          ? chosen
              .map((record) =>
                deps
                  .fields()
                  .map((field) => textOf(record, field))
                  .join('\t'),
              )
              .join('\n')
          : cell
            ? textOf(deps.records()[cell.row], deps.fields()[cell.col])
            : ''
      if (text !== '') await navigator.clipboard?.writeText(text)
    },
    /** Down and to the right of the cell; what a field cannot read is left as it was. */
    paste(event: ClipboardEvent): void {
      const cell = deps.cursor()
      if (!cell || !deps.canWrite()) return
      const text = event.clipboardData?.getData('text/plain') ?? ''
      const context = { locale: format.locale.value, currency: model.value.model.org.currency }
      event.preventDefault()
      for (const [down, line] of text
        .replace(/\r?\n$/, '')
        .split(/\r?\n/)
        .entries())
        for (const [right, words] of line.split('\t').entries()) {
          const record = deps.records()[cell.row + down]
          const field = deps.fields()[cell.col + right]
          if (!record || !field) continue
          const value = readPasted(field, words, record[field.apiName], context)
          if (value !== undefined) deps.save(record, field, value)
        }
    },
  }
}

const exact: ReadonlySet<FieldKind> = new Set([
  ...(['number', 'integer', 'percent', 'rating', 'slider', 'year', 'duration'] as const),
  ...(['date', 'dateTime', 'month', 'color', 'geo'] as const),
])
/** Values that have a form of their own and can be written as a text as well. */
const asText: ReadonlySet<FieldKind> = new Set([
  ...(['personName', 'color', 'geo', 'rating', 'slider'] as const),
])

/** @returns undefined when the field does not take the words. */
function readPasted(
  field: FieldInfo,
  words: string,
  before: unknown,
  context: { readonly locale: string; readonly currency: string },
): unknown {
  const style = editStyle(field)
  const kind = fieldKind(field)
  if (style === 'input' || style === 'text' || (style === 'form' && asText.has(kind))) {
    const parsed = parseInput(field, words, before, context)
    return parsed.ok ? parsed.value : undefined
  }
  if (style !== 'picker' || isMultiple(field)) return undefined
  const wanted = words.trim().toLocaleLowerCase()
  const choices = field.options ?? codeChoices(kind, context.locale)
  return choices.find(({ key, label }) =>
    [key, label].some((name) => name.toLocaleLowerCase() === wanted),
  )?.key
}
