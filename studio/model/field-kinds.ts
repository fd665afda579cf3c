import type { FieldInfo } from '@runwaycrm/sdk'

/** How the studio treats a field: one word for editor, cell, filter and column width. */
export type FieldKind =
  | 'text'
  | 'longText'
  | 'email'
  | 'phone'
  | 'url'
  | 'number'
  | 'percent'
  | 'currency'
  | 'rating'
  | 'duration'
  | 'boolean'
  | 'date'
  | 'dateTime'
  | 'select'
  | 'multiSelect'
  | 'tags'
  | 'relation'
  | 'relations'
  | 'user'
  | 'users'
  | 'reference'
  | 'actor'
  | 'address'
  | 'geo'
  | 'file'
  | 'json'

const byEditor: Readonly<Record<string, FieldKind>> = {
  text: 'text',
  textarea: 'longText',
  'long-text': 'longText',
  longText: 'longText',
  'rich-text': 'longText',
  richText: 'longText',
  markdown: 'longText',
  email: 'email',
  phone: 'phone',
  url: 'url',
  number: 'number',
  integer: 'number',
  autoNumber: 'number',
  'auto-number': 'number',
  percent: 'percent',
  currency: 'currency',
  rating: 'rating',
  duration: 'duration',
  boolean: 'boolean',
  checkbox: 'boolean',
  switch: 'boolean',
  toggle: 'boolean',
  date: 'date',
  'date-time': 'dateTime',
  dateTime: 'dateTime',
  datetime: 'dateTime',
  select: 'select',
  'multi-select': 'multiSelect',
  multiSelect: 'multiSelect',
  tags: 'tags',
  relation: 'relation',
  'relation-many': 'relations',
  'many-relation': 'relations',
  manyRelation: 'relations',
  relations: 'relations',
  user: 'user',
  users: 'users',
  reference: 'reference',
  polymorphic: 'reference',
  address: 'address',
  geo: 'geo',
  file: 'file',
  files: 'file',
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
  user: 'user',
  actor: 'actor',
  reference: 'reference',
  json: 'json',
}

/**
 * The last word of the type (`platform.fields:currency`) or the editor it names decides, for what is
 * computed how its result is shown; types of unknown plugins fall back to what their values are.
 */
export function fieldKind(field: FieldInfo): FieldKind {
  const type = field.type.split(':').at(-1) ?? ''
  if (field.kind === 'user') return field.apiName.endsWith('Ids') ? 'users' : 'user'
  if (field.kind === 'actor') return 'actor'
  return byEditor[type] ?? byEditor[field.editor] ?? byResult(field) ?? byKind[field.kind] ?? 'text'
}

/** An amount that was worked out is a number without a currency. */
function byResult({ display, kind }: FieldInfo): FieldKind | undefined {
  return display === 'currency' && kind === 'number' ? 'number' : byEditor[display]
}

const numeric: ReadonlySet<FieldKind> = new Set([
  'number',
  'percent',
  'currency',
  'rating',
  'duration',
])
/** Right aligned, tabular digits. */
export const isNumeric = (kind: FieldKind): boolean => numeric.has(kind)

const instants: ReadonlySet<FieldKind> = new Set(['date', 'dateTime'])
export const isTemporal = (kind: FieldKind): boolean => instants.has(kind)

/** Width of a table column in px, before anybody drags it. */
export function columnWidth(kind: FieldKind): number {
  if (kind === 'boolean' || kind === 'rating') return 104
  if (kind === 'currency') return 136
  if (isNumeric(kind)) return 124
  if (kind === 'date') return 116
  if (kind === 'dateTime') return 148
  if (kind === 'select') return 136
  if (kind === 'user' || kind === 'actor') return 150
  if (kind === 'email' || kind === 'url' || kind === 'longText') return 208
  return 172
}

/** A Lucide icon for the header of a column and for chips. */
export function fieldIcon(kind: FieldKind): string {
  return icons[kind]
}
const icons: Readonly<Record<FieldKind, string>> = {
  text: 'type',
  longText: 'text',
  email: 'mail',
  phone: 'phone',
  url: 'link',
  number: 'hash',
  percent: 'percent',
  currency: 'circle-dollar-sign',
  rating: 'star',
  duration: 'clock',
  boolean: 'square-check',
  date: 'calendar',
  dateTime: 'calendar-clock',
  select: 'layers',
  multiSelect: 'list-checks',
  tags: 'tag',
  relation: 'arrow-up-right',
  relations: 'list-checks',
  user: 'user-round',
  users: 'users',
  reference: 'link',
  actor: 'user-round',
  address: 'map-pin',
  geo: 'map-pin',
  file: 'paperclip',
  json: 'braces',
}
