import type { RecordData } from '@runwaycrm/sdk'
import type { Entity, Field } from '../model/model.ts'
import { fileFieldsOf } from '../records/attach-files.ts'
import { storageOf } from '../records/storage-columns.ts'
import type { TransactionContext } from '../records/transactions.ts'
import type { StorageValues } from '../records/validate.ts'
import { type FoundRecord, partOf } from './found-record.ts'
import { userEntity } from './member-names.ts'
import { asWords, spellings } from './words.ts'

/** Those that hold something of a person and are kept; what is computed of them follows. */
export function personalFields(entity: Entity): Field[] {
  return [...entity.fields.values()].filter(
    (field) => field.definition.pii === true && field.storage.in !== 'computed',
  )
}

/** Whether people write into it what they like: the key of an option names nobody. */
export function isFreeText({ definition, storage }: Field): boolean {
  if (definition.options !== undefined || storage.in === 'computed') return false
  return storage.class === 'text' || storage.class === 'jsonb'
}

/** By what a person is told from others. */
export interface Traits {
  /** Emails, phones, the whole name: found anywhere, they are this person's. */
  readonly words: readonly string[]
  /** Whatever else is personal, e.g. the first name; in what is about the person, it is theirs. */
  readonly more: readonly string[]
  /** Ids of the files that go. */
  readonly files: ReadonlySet<string>
}

/** What is written in the place of what goes. @returns null when nothing of the record does. */
export function erasedValues(found: FoundRecord, traits: Traits): StorageValues | null {
  const { entity, row, tie } = found
  const { partsOf } = storageOf(entity)
  const columns: Record<string, unknown> = {}
  const custom: Record<string, unknown> = {}
  const unset: string[] = []
  const given: string[] = []
  for (const field of entity.fields.values()) {
    const next = nextValue(found, field, traits)
    if (next === undefined) continue
    for (const part of partsOf.get(field) ?? []) {
      const value = part.part === null ? next : null
      given.push(part.ledgerKey)
      if (part.column !== null) columns[part.column] = value
      else if (value === null) unset.push(part.ledgerKey)
      else custom[part.ledgerKey] = value
    }
  }
  const active = entity.ref === userEntity && tie === 'own' ? entity.fields.get('active') : null
  if (active?.storage.in === 'column' && row[active.storage.column] !== false) {
    given.push(active.key)
    columns[active.storage.column] = false
  }
  return given.length > 0 ? { given, columns, custom, unset } : null
}

/** @returns undefined when the field stays as it is. */
function nextValue({ entity, id, tie, row }: FoundRecord, field: Field, traits: Traits): unknown {
  const parts = storageOf(entity).partsOf.get(field) ?? []
  const [main] = parts
  const values = parts.map((part) => partOf(row, part) ?? null)
  const [value] = values
  if (values.every((one) => one === null)) return undefined
  const isPersonal = field.definition.pii === true && (tie === 'own' || tie === 'about')
  if (fileFieldsOf(entity).includes(field)) {
    if (tie === 'own' || isPersonal) return null
    return withoutFiles(value, traits.files)
  }
  const isNamed = isFreeText(field) && values.some((one) => names(tie, traits, one))
  if (!isPersonal && !isNamed) return undefined
  const next = field.required && main?.class === 'text' ? placeholder(field, id) : null
  return next === value ? undefined : next
}

/** `more` would take too much of what is about others. */
function names(tie: FoundRecord['tie'], { words, more }: Traits, value: unknown): boolean {
  if (tie === 'holder' || value === null) return false
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).toLowerCase()
  const wanted = tie === 'named' ? words : [...words, ...more]
  return wanted.some((word) => spellings(word).some((one) => text.includes(one.toLowerCase())))
}

function withoutFiles(value: unknown, files: ReadonlySet<string>): unknown {
  const isGone = (one: unknown) => files.has(String((one as { readonly id?: unknown } | null)?.id))
  const list = [value].flat()
  if (!list.some(isGone)) return undefined
  const left = list.filter((one) => !isGone(one))
  return Array.isArray(value) && left.length > 0 ? left : null
}

/** Words where something has to stand. */
function placeholder(field: Field, id: string): string {
  const kind = kindOf(field)
  if (kind === 'email') return `erased-${id}@erased.invalid`
  if (kind === 'url') return `https://erased.invalid/${id}`
  return field.unique ? `Erased ${id}` : 'Erased'
}

/** `email` of `platform.fields:email`. */
export function kindOf({ type }: Field): string {
  return type.slice(type.indexOf(':') + 1)
}

/** Shorter ones would be found in what has nothing to do with the person. */
const shortest = 6
const shortestNear = 4

const addresses = ['email', 'emails', 'phone', 'phones']

/** Of today and of the history of the person's record. */
export async function traitsOf(
  ctx: TransactionContext,
  { entity, id, row }: FoundRecord,
  person: RecordData,
): Promise<Pick<Traits, 'words' | 'more'>> {
  const texts = (fields: readonly Field[]) =>
    fields.flatMap((field) => (storageOf(entity).partsOf.get(field) ?? []).slice(0, 1))
  const telling = personalFields(entity).filter(
    (field) => addresses.includes(kindOf(field)) || field.key === entity.titleField,
  )
  const title = person[entity.byApiName.get(entity.titleField)?.apiName ?? entity.titleField]
  const words = [title, ...texts(telling).flatMap((part) => partOf(row, part))]
  const others = texts(personalFields(entity)).filter((part) => part.class === 'text')
  const more = others.map((part) => partOf(row, part))
  const { rows } = await ctx.tx.one<{ key: string; value: string }>({
    text: `select distinct f.key, v.value from tenant.ledger l
        cross join lateral jsonb_each(l.fields) f (key, pair)
        cross join lateral jsonb_array_elements_text(f.pair) v (value)
      where l.org_id = $1 and l.record_id = $2 and f.key = any($3::text[]) and v.value is not null`,
    values: [ctx.org.id, id, [...texts(telling), ...others].map((part) => part.ledgerKey)],
  })
  const tellingKeys = new Set(texts(telling).map((part) => part.ledgerKey))
  for (const { key, value } of rows)
    (tellingKeys.has(key) ? words : more).push(...(listIn(value) ?? [value]))
  return { words: asWords(words, shortest), more: asWords(more, shortestNear) }
}

/** The list that the text is as JSON; null when it is none. */
function listIn(text: string): readonly unknown[] | null {
  if (!text.startsWith('[')) return null
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : null
  } catch {
    return null
  }
}
