import type { FieldInfo } from '@runwaycrm/sdk'
import { type FieldKind, traitsOf } from './kind-traits.ts'

export type { FieldKind } from './kind-traits.ts'

const byName: Readonly<Record<string, FieldKind>> = {
  text: 'text',
  textarea: 'longText',
  'long-text': 'longText',
  longText: 'longText',
  markdown: 'longText',
  aiFill: 'longText',
  'rich-text': 'richText',
  richText: 'richText',
  code: 'code',
  email: 'email',
  phone: 'phone',
  url: 'url',
  domain: 'domain',
  mono: 'mono',
  ipAddress: 'mono',
  barcode: 'mono',
  sku: 'mono',
  iban: 'iban',
  number: 'number',
  integer: 'integer',
  autoNumber: 'integer',
  'auto-number': 'integer',
  percent: 'percent',
  currency: 'currency',
  rating: 'rating',
  slider: 'slider',
  bar: 'slider',
  duration: 'duration',
  year: 'year',
  boolean: 'boolean',
  checkbox: 'boolean',
  switch: 'boolean',
  toggle: 'boolean',
  date: 'date',
  'date-time': 'dateTime',
  dateTime: 'dateTime',
  datetime: 'dateTime',
  time: 'time',
  month: 'month',
  select: 'select',
  'multi-select': 'multiSelect',
  multiSelect: 'multiSelect',
  tags: 'tags',
  lines: 'lines',
  emails: 'lines',
  phones: 'lines',
  list: 'lines',
  relation: 'relation',
  'relation-many': 'relations',
  'many-relation': 'relations',
  manyRelation: 'relations',
  relations: 'relations',
  user: 'user',
  users: 'users',
  reference: 'reference',
  polymorphic: 'reference',
  personName: 'personName',
  address: 'address',
  geo: 'geo',
  period: 'period',
  color: 'color',
  country: 'country',
  language: 'language',
  currencyCode: 'currencyCode',
  timeZone: 'timeZone',
  file: 'file',
  files: 'files',
  image: 'image',
  images: 'images',
  checklist: 'checklist',
  keyValue: 'keyValue',
  json: 'json',
}

const byKind: Readonly<Record<string, FieldKind>> = {
  text: 'text',
  number: 'number',
  currency: 'currency',
  boolean: 'boolean',
  date: 'date',
  dateTime: 'dateTime',
  option: 'select',
  options: 'multiSelect',
  relation: 'relation',
  relations: 'relations',
  user: 'user',
  actor: 'actor',
  reference: 'reference',
  file: 'file',
  files: 'files',
}

/** Kinds of values that are no texts and no numbers, whatever their editor is called. */
const structured: ReadonlySet<string> = new Set([
  ...['composite', 'json', 'options', 'relations', 'reference', 'file', 'files'],
])

/** Asked for each cell of a table; a field of a model never changes. */
const known = new WeakMap<FieldInfo, FieldKind>()

export function fieldKind(field: FieldInfo): FieldKind {
  const found = known.get(field)
  if (found !== undefined) return found
  const kind = kindOf(field)
  known.set(field, kind)
  return kind
}

/**
 * The last word of the type (`platform.fields:currency`) or the editor it names decides, for what is
 * computed how its result is shown; types of unknown plugins fall back to what their values are.
 */
function kindOf(field: FieldInfo): FieldKind {
  const type = field.type.split(':').at(-1) ?? ''
  if (field.kind === 'user') return field.apiName.endsWith('Ids') ? 'users' : 'user'
  if (field.kind === 'actor') return 'actor'
  const named = byName[type] ?? byName[field.editor] ?? byResult(field)
  const found = named ?? byKind[field.kind] ?? 'opaque'
  // A plugin may name an editor of texts for what is none; nobody gets to overwrite it with a text.
  return structured.has(field.kind) && traitsOf(found).holds === 'plain' ? 'opaque' : found
}

/** An amount that was worked out is a number without a currency. */
function byResult({ display, kind }: FieldInfo): FieldKind | undefined {
  return display === 'currency' && kind === 'number' ? 'number' : byName[display]
}

/** Right aligned, tabular digits. */
export const isNumeric = (kind: FieldKind): boolean => traitsOf(kind).isNumeric === true

export const isTemporal = (kind: FieldKind): boolean => kind === 'date' || kind === 'dateTime'

/** Long texts, objects and files say little in a row. */
export const fitsRow = (kind: FieldKind): boolean => traitsOf(kind).fitsRow !== false

/** Width of a table column in px, before anybody drags it. */
export const columnWidth = (kind: FieldKind): number => traitsOf(kind).width ?? 172

/** A Lucide icon for the header of a column and for chips. */
export const fieldIcon = (kind: FieldKind): string => traitsOf(kind).icon
