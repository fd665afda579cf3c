import type { FieldInfo } from '@runwaycrm/sdk'
import type { ColumnTarget, ImportPreview } from '../api/imports.ts'

export type ColumnMap = Readonly<Record<string, ColumnTarget>>

interface Target {
  readonly field: string
  readonly values?: Readonly<Record<string, string>>
  readonly relation?: { readonly by: string; readonly create?: boolean }
}

/** Where a column goes, whichever way it is written; null when it is left out. */
export function targetOf(target: ColumnTarget | undefined): Target | null {
  if (typeof target === 'string') return { field: target }
  return typeof target?.['field'] === 'string' ? (target as unknown as Target) : null
}

const isRelated = ({ kind }: FieldInfo): boolean =>
  kind === 'relation' || kind === 'relations' || kind === 'user'

/** A column to another field; what was said of its words is over. */
export function withField(columns: ColumnMap, column: string, field: FieldInfo | null): ColumnMap {
  const target = field && {
    field: field.apiName,
    ...(isRelated(field) ? { relation: { by: 'name', create: false } } : {}),
  }
  return { ...columns, [column]: target }
}

/** What a word of a column means: the key of an option, or nothing, then its cells stay empty. */
export function withWord(
  columns: ColumnMap,
  column: string,
  word: string,
  option: string | null,
): ColumnMap {
  const target = targetOf(columns[column])
  if (!target) return columns
  const { [word]: _, ...rest } = target.values ?? {}
  const values = option === null ? rest : { ...rest, [word]: option }
  return { ...columns, [column]: { ...target, values } }
}

/** Whether names that nobody has are made: new accounts for new deals. */
export function withCreate(columns: ColumnMap, column: string, create: boolean): ColumnMap {
  const target = targetOf(columns[column])
  if (!target?.relation) return columns
  return { ...columns, [column]: { ...target, relation: { ...target.relation, create } } }
}

export interface UnknownWord {
  readonly column: string
  readonly field: FieldInfo
  readonly text: string
  readonly rows: number
  /** What somebody has chosen for it; undefined until then. */
  readonly choice: string | undefined
}

/** Words of the file that are no option of their field: each fails its rows until somebody says what it means. */
export function unknownWords(
  preview: ImportPreview,
  columns: ColumnMap,
  fields: readonly FieldInfo[],
): readonly UnknownWord[] {
  return Object.entries(preview.values ?? {}).flatMap(([column, words]) => {
    const target = targetOf(columns[column])
    const field = fields.find((one) => one.apiName === target?.field)
    // Said of another field than the one that was looked at.
    if (!field?.options || field.apiName !== targetOf(preview.columns[column])?.field) return []
    return words
      .filter((word) => word.option === null)
      .map(({ text, rows }) => ({ column, field, text, rows, choice: target?.values?.[text] }))
  })
}

/** The column that a field comes from; '' for one that no column leads to. */
export function columnOf(columns: ColumnMap, apiName: string): string {
  return Object.keys(columns).find((column) => targetOf(columns[column])?.field === apiName) ?? ''
}

/** Whether two mappings mean the same, however they are written. */
export function isSameMap(one: ColumnMap, other: ColumnMap): boolean {
  const plain = (columns: ColumnMap): string =>
    JSON.stringify(
      Object.entries(columns).map(([column, target]) => {
        const { values = {}, ...rest } = targetOf(target) ?? {}
        const words = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))
        return [column, target && { ...rest, words }]
      }),
    )
  return plain(one) === plain(other)
}

/** A word as it is kept until its option is made. */
export const wordName = (column: string, text: string): string => `${column} ${text.trim()}`

/** What is wrong with the first rows, by line and column; words that become options are none of it. */
export function problemsByCell(
  preview: ImportPreview,
  created: ReadonlySet<string> = new Set(),
): ReadonlyMap<string, string> {
  return new Map(
    (preview.problems ?? [])
      .filter(({ column, value }) => !created.has(wordName(column, value)))
      .map(({ line, column, message }) => [`${line} ${column}`, message]),
  )
}

/** Rows that fail for nothing but words that become options. */
export function mendedRows(preview: ImportPreview, created: ReadonlySet<string>): number {
  const lines = (all: readonly { readonly line: number }[]) => new Set(all.map(({ line }) => line))
  const problems = preview.problems ?? []
  const left = lines(problems.filter(({ column, value }) => !created.has(wordName(column, value))))
  return [...lines(problems)].filter((line) => !left.has(line)).length
}
