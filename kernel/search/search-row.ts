import type { RecordData } from '@runwaycrm/sdk'
import type { Entity } from '../model/model.ts'
import { searchedFields } from './searched-fields.ts'
import { keptNearOf, termOf } from './typos.ts'
import { type PlacedWord, phonesOf, wordsOf } from './words.ts'

/** What the index keeps of a record. */
export interface SearchRow {
  readonly id: string
  readonly entity: string
  readonly version: number
  readonly title: string
  readonly words: string
}

/** A word of the organisation as `tenant.search_word` keeps it. */
export interface KeptWord {
  readonly word: string
  readonly term: string
  readonly near: readonly number[] | null
}

export const rowLimits = { title: 120, field: 2_000, words: 250, letters: 4_000 } as const

/** @param record with all searched fields, as the system sees it. */
export function searchRow(entity: Entity, record: RecordData): SearchRow {
  const titleField = entity.fields.get(entity.titleField)
  const title = titleWords(record[titleField?.apiName ?? ''])
  const words = new Set(title)
  let letters = title.join(' ').length
  for (const field of searchedFields(entity)) {
    for (const { word } of fieldWords(record[field.apiName])) {
      if (words.size >= rowLimits.words || letters > rowLimits.letters) break
      letters += word.length + 1
      words.add(word)
    }
  }
  return {
    id: record.id,
    entity: entity.ref,
    version: Number(record['version']),
    title: title.join(' ').slice(0, rowLimits.title),
    words: ` ${[...words].join(' ')}`,
  }
}

export function titleWords(value: unknown): string[] {
  return wordsOf(textOf(value)).map(({ word }) => word)
}

/** The words of a value, and of telephone numbers in it the digits alone. */
export function fieldWords(value: unknown): PlacedWord[] {
  const text = textOf(value)
  return text === '' ? [] : [...wordsOf(text), ...phonesOf(text)]
}

/** What of a value is looked at. */
export function textOf(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value.slice(0, rowLimits.field) : ''
}

export function wordsOfRow(words: string): string[] {
  return words.split(' ').filter((word) => word !== '')
}

export function termsOf(orgId: string, words: string): string[] {
  return wordsOfRow(words).map((word) => termOf(orgId, word))
}

export function keptWord(orgId: string, word: string): KeptWord {
  const near = keptNearOf(orgId, word)
  return { word, term: termOf(orgId, word), near: near.length === 0 ? null : near }
}
