import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { optionOf } from './convert-cell.ts'
import type { MappedRow } from './map-row.ts'
import { fieldsByName, type ImportSpec } from './spec.ts'
import type { RowFailure } from './write-batch.ts'

const mostRows = 20
const mostProblems = 100
/** Longer texts are cut: a preview is for looking. */
const mostCharacters = 500

/** Words of one column that are shown for mapping. */
const mostWords = 200

/** A word in the column of a field with options, and the option that it stands for. */
export interface ColumnWord {
  readonly text: string
  readonly rows: number
  /** Null for a word that is none. */
  readonly option: string | null
}

/**
 * Collects what a dry run shows: the first rows as they would be written, the first problems, and the words
 * of columns whose field has options, so that somebody can say what unknown ones mean.
 */
export function createPreview(spec: ImportSpec, header: readonly string[], entity: EntityInfo) {
  const counts = wordCounts(spec, header, entity)
  const rows: { line: number; values: Record<string, unknown> }[] = []
  const problems: RowFailure[] = []
  return {
    addRow({ line, values, wishes, cells }: MappedRow): void {
      for (const { index, words } of counts) countWord(words, cells[index] ?? '')
      if (rows.length >= mostRows) return
      const wished = wishes.map((wish) => [wish.field.apiName, wish.text])
      const all = { ...values, ...Object.fromEntries(wished) }
      const short = Object.entries(all).map(([name, value]) => [name, cut(value)])
      rows.push({ line, values: Object.fromEntries(short) })
    },
    addProblems(failures: readonly RowFailure[]): void {
      for (const failure of failures.slice(0, mostProblems - problems.length))
        problems.push({ ...failure, value: String(cut(failure.value)) })
    },
    result: (created: ReadonlyMap<string, number>) => ({
      columns: spec.columns,
      header,
      rows,
      problems,
      relations: Object.fromEntries(created),
      values: Object.fromEntries(
        counts.map(({ column, field, words }) => [column, wordsOf(field, words)]),
      ),
    }),
  }
}

function cut(value: unknown): unknown {
  if (typeof value !== 'string' || value.length <= mostCharacters) return value
  return `${value.slice(0, mostCharacters).toWellFormed()}…`
}

function wordCounts(spec: ImportSpec, header: readonly string[], entity: EntityInfo) {
  const fields = fieldsByName(entity)
  return header.flatMap((column, index) => {
    const target = Object.hasOwn(spec.columns, column) ? spec.columns[column] : null
    const field = target ? fields.get(target.field) : undefined
    // Tags are whatever somebody writes; they have no options to choose from.
    const hasOptions = field?.options !== undefined && field.kind === 'option'
    return field && hasOptions ? [{ column, index, field, words: new Map<string, number>() }] : []
  })
}

function countWord(words: Map<string, number>, cell: string): void {
  const text = cell.trim()
  if (text === '' || (words.size >= mostWords && !words.has(text))) return
  words.set(text, (words.get(text) ?? 0) + 1)
}

function wordsOf(field: FieldInfo, words: ReadonlyMap<string, number>): ColumnWord[] {
  return [...words].map(([text, rows]) => ({
    text: String(cut(text)),
    rows,
    option: optionOf(text, field),
  }))
}
