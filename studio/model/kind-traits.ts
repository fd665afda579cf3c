/** How a value is edited where it stands: typed, chosen from a list, switched, or in a form of its own. */
export type EditStyle = 'input' | 'text' | 'picker' | 'toggle' | 'form' | 'none'

/** What the studio knows of each kind of field. */
export interface KindTraits {
  /** A Lucide name. */
  readonly icon: string
  readonly edit: EditStyle
  /** Whether one text or number is the value, or a list or an object. */
  readonly holds: 'plain' | 'structure'
  readonly isNumeric?: boolean
  readonly fitsRow?: boolean
  /** Of a column, in px. */
  readonly width?: number
}

const plain = { holds: 'plain', edit: 'input' } as const
const numeric = { ...plain, isNumeric: true, width: 124 } as const
const picked = { holds: 'plain', edit: 'picker' } as const
const several = { holds: 'structure', edit: 'picker' } as const
const form = { holds: 'structure', edit: 'form' } as const

const traits = {
  text: { ...plain, icon: 'type' },
  longText: { ...plain, edit: 'text', icon: 'text', fitsRow: false, width: 208 },
  richText: { holds: 'plain', edit: 'form', icon: 'text', fitsRow: false, width: 208 },
  code: { ...plain, edit: 'text', icon: 'code', fitsRow: false, width: 208 },
  email: { ...plain, icon: 'mail', width: 208 },
  phone: { ...plain, icon: 'phone' },
  url: { ...plain, icon: 'link', width: 208 },
  domain: { ...plain, icon: 'globe' },
  mono: { ...plain, icon: 'barcode' },
  iban: { ...plain, icon: 'landmark', width: 224 },
  number: { ...numeric, icon: 'hash' },
  integer: { ...numeric, icon: 'hash' },
  percent: { ...numeric, icon: 'percent' },
  currency: { ...numeric, holds: 'structure', icon: 'circle-dollar-sign', width: 136 },
  rating: { holds: 'plain', edit: 'form', isNumeric: true, icon: 'star', width: 112 },
  slider: { holds: 'plain', edit: 'form', icon: 'sliders-horizontal', width: 136 },
  duration: { ...numeric, icon: 'clock' },
  year: { ...numeric, icon: 'calendar-days', width: 92 },
  boolean: { holds: 'plain', edit: 'toggle', icon: 'square-check', width: 104 },
  date: { ...plain, icon: 'calendar', width: 116 },
  dateTime: { ...plain, icon: 'calendar-clock', width: 148 },
  time: { ...plain, icon: 'clock', width: 104 },
  month: { ...plain, icon: 'calendar-days', width: 132 },
  select: { ...picked, icon: 'layers', width: 136 },
  multiSelect: { ...several, icon: 'list-checks' },
  tags: { ...several, icon: 'tag' },
  lines: { holds: 'structure', edit: 'text', icon: 'list', width: 208 },
  relation: { ...picked, icon: 'arrow-up-right' },
  relations: { ...several, icon: 'list-checks', fitsRow: false },
  user: { ...picked, icon: 'user-round', width: 150 },
  users: { ...several, icon: 'users' },
  reference: { ...several, icon: 'link' },
  actor: { holds: 'structure', edit: 'none', icon: 'user-round', width: 150 },
  personName: { ...form, icon: 'contact-round', width: 190 },
  address: { ...form, icon: 'map-pin', fitsRow: false },
  geo: { ...form, icon: 'map-pin', fitsRow: false },
  period: { ...form, icon: 'calendar-range', width: 200 },
  color: { holds: 'plain', edit: 'form', icon: 'palette', width: 116 },
  country: { ...picked, icon: 'globe', width: 150 },
  language: { ...picked, icon: 'languages', width: 150 },
  currencyCode: { ...picked, icon: 'coins', width: 150 },
  timeZone: { ...picked, icon: 'globe' },
  file: { ...form, icon: 'paperclip', fitsRow: false },
  files: { ...form, icon: 'paperclip', fitsRow: false },
  image: { ...form, icon: 'image', fitsRow: false },
  images: { ...form, icon: 'image', fitsRow: false },
  checklist: { ...form, icon: 'list-checks', fitsRow: false, width: 136 },
  keyValue: { ...form, icon: 'table-2', fitsRow: false },
  json: { holds: 'structure', edit: 'text', icon: 'braces', fitsRow: false },
  /** A structure of a plugin that nobody here knows: shown, never edited. */
  opaque: { holds: 'structure', edit: 'none', icon: 'braces', fitsRow: false },
} as const satisfies Readonly<Record<string, KindTraits>>

/** How the studio treats a field: one word for editor, cell, filter and column width. */
export type FieldKind = keyof typeof traits

export const traitsOf = (kind: FieldKind): KindTraits => traits[kind]
