import type { RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { searchedFields } from './searched-fields.ts'
import { evenText, type PlacedWord, phonesOf, type WrittenWord, wordsOf } from './words.ts'

/** What the index keeps of a record. */
export interface SearchRow {
  readonly id: string
  readonly entity: string
  readonly version: number
  readonly title: string
  readonly words: string
}

export const rowLimits = { title: 120, field: 2_000, words: 250, letters: 4_000 } as const

export interface RecordReader {
  getMany(
    ctx: RequestContext,
    entity: Entity,
    ids: readonly string[],
    options: { readonly fields: readonly string[] },
  ): Promise<ReadonlyMap<string, RecordData>>
}

/** @param ctx of the system, in whose transaction they are read if it has one. */
export async function readRows(
  reader: RecordReader,
  ctx: RequestContext,
  entity: Entity,
  ids: readonly string[],
): Promise<Map<string, SearchRow>> {
  const fields = searchedFields(entity).map(({ apiName }) => apiName)
  const found = await reader.getMany(ctx, entity, ids, { fields })
  return new Map([...found].map(([id, record]) => [id, searchRow(entity, record)]))
}

/** @param record with all searched fields, as the system sees it. */
function searchRow(entity: Entity, record: RecordData): SearchRow {
  const title = textOf(record[entity.fields.get(entity.titleField)?.apiName ?? ''])
  const written = wordsOf(title)
  const words = new Set<string>()
  let letters = 0
  const add = (word: string) => {
    if (words.size >= rowLimits.words || letters > rowLimits.letters || words.has(word)) return
    letters += word.length + 1
    words.add(word)
  }
  const addAll = (text: string, some: readonly WrittenWord[]) => {
    for (const { word, parts } of some) {
      // Its parts find it; beside them it would be one more word that nothing else has.
      if (parts.length === 0 || !/\p{N}/u.test(word)) add(word)
      for (const part of parts) add(part)
    }
    for (const { word } of phonesOf(text)) add(word)
  }
  // The title first: of a record with very many words the last are left out.
  addAll(title, written)
  for (const field of searchedFields(entity)) {
    if (field.key === entity.titleField) continue
    const text = textOf(record[field.apiName])
    if (text !== '') addAll(text, wordsOf(text))
  }
  return {
    id: record.id,
    entity: entity.ref,
    version: Number(record['version']),
    title: evenText(written).slice(0, rowLimits.title),
    words: ` ${[...words].join(' ')}`,
  }
}

/** The words of a value, what they are made of, and of telephone numbers in it the digits alone. */
export function fieldWords(value: unknown): PlacedWord[] {
  const text = textOf(value)
  if (text === '') return []
  const found: PlacedWord[] = []
  for (const { word, start, end, parts } of wordsOf(text)) {
    found.push({ word, start, end })
    for (const part of parts) found.push({ word: part, start, end })
  }
  found.push(...phonesOf(text))
  return found
}

/** What of a value is looked at. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.slice(0, rowLimits.field) : ''
}

export function wordsOfRow(words: string): string[] {
  return words.length < 2 ? [] : words.slice(1).split(' ')
}
