import type { FieldInfo } from '@runwaycrm/sdk'
import { type ViewInfo, type ViewKind, viewKinds } from '../api/model.ts'
import { fieldKind, isTemporal } from '../model/field-kinds.ts'
import { isSystem } from '../model/model-index.ts'

/** A place in the settings of a kind that names a field. */
export interface FieldSlot {
  /** `calendar.date`, `groupBy`. */
  readonly path: string
  /** The last word of its label: `views.slot.<name>`. */
  readonly name: string
  /** Whether a view of the kind is nothing without it. */
  readonly isNeeded: boolean
  fits(field: FieldInfo): boolean
  /** Among those that fit, these come first. */
  prefers?(field: FieldInfo): boolean
}

/** A place in the settings of a kind that is one of a few words; the first is the usual one. */
export interface ChoiceSlot {
  readonly path: string
  readonly name: string
  readonly choices: readonly string[]
}

export interface KindInfo {
  /** A Lucide name. */
  readonly icon: string
  readonly fields: readonly FieldSlot[]
  readonly choices: readonly ChoiceSlot[]
}

const isDate = (field: FieldInfo): boolean => isTemporal(fieldKind(field))
const isOneOf =
  (...kinds: string[]) =>
  (field: FieldInfo): boolean =>
    kinds.includes(fieldKind(field))
const isPlace = (field: FieldInfo): boolean =>
  isOneOf('geo', 'address', 'country')(field) ||
  // A country that is kept as a text, as the accounts of the CRM do.
  (fieldKind(field) === 'text' && /^country$/i.test(field.key))

const slot = (path: string, isNeeded: boolean, fits: (field: FieldInfo) => boolean): FieldSlot => ({
  path,
  name: path.split('.').at(-1) ?? path,
  isNeeded,
  fits,
})
const choice = (path: string, ...choices: string[]): ChoiceSlot => ({
  path,
  name: path.split('.').at(-1) ?? path,
  choices,
})
const isGroup = (field: FieldInfo): boolean => field.groupable && !isDate(field)

export const kindInfo: Readonly<Record<ViewKind, KindInfo>> = {
  table: {
    icon: 'table-2',
    fields: [slot('groupBy', false, (field) => field.sortable || field.to !== undefined)],
    choices: [],
  },
  board: {
    icon: 'square-kanban',
    fields: [
      slot('groupBy', true, (field) => fieldKind(field) === 'select'),
      slot('sumField', false, (field) => field.measures.includes('sum')),
    ],
    choices: [],
  },
  calendar: {
    icon: 'calendar-days',
    fields: [slot('calendar.date', true, isDate), slot('calendar.end', false, isDate)],
    choices: [choice('calendar.scale', 'month', 'week')],
  },
  gallery: {
    icon: 'layout-grid',
    fields: [slot('gallery.cover', true, isOneOf('image', 'images', 'file', 'files'))],
    choices: [choice('gallery.fit', 'cover', 'contain')],
  },
  map: { icon: 'map', fields: [slot('map.place', true, isPlace)], choices: [] },
  timeline: {
    icon: 'chart-gantt',
    fields: [
      slot('timeline.start', true, isDate),
      slot('timeline.end', false, isDate),
      slot('groupBy', false, isGroup),
    ],
    choices: [choice('timeline.scale', 'week', 'day', 'month')],
  },
  chart: {
    icon: 'chart-column',
    fields: [
      {
        ...slot('chart.by', true, (field) => field.groupable),
        prefers: (field) => field.options !== undefined,
      },
      slot('chart.split', false, isGroup),
      slot('chart.of', false, (field) => field.measures.length > 0),
    ],
    choices: [
      choice('chart.form', 'bar', 'line', 'area', 'pie', 'donut'),
      choice('chart.measure', 'count', 'sum', 'avg', 'min', 'max', 'countDistinct'),
      choice('chart.bucket', 'month', 'day', 'week', 'quarter', 'year'),
    ],
  },
}

type Settings = Readonly<Record<string, unknown>>

/** What stands at `calendar.date` of a view. */
export function settingAt(view: object, path: string): unknown {
  let at: unknown = view
  for (const key of path.split('.'))
    at = typeof at === 'object' && at !== null ? (at as Settings)[key] : undefined
  return at
}

/** A copy with a setting changed; undefined takes it out. */
export function withSetting(settings: Settings, path: string, value: unknown): Settings {
  const [first = '', ...rest] = path.split('.')
  const inner =
    rest.length === 0
      ? value
      : withSetting((settings[first] ?? {}) as Settings, rest.join('.'), value)
  const { [first]: _, ...others } = settings
  return inner === undefined ? others : { ...others, [first]: inner }
}

/** The entity's own fields before those that every record has, in their order. */
function candidates(
  fields: ReadonlyMap<string, FieldInfo>,
  { fits, prefers }: FieldSlot,
): readonly FieldInfo[] {
  const fitting = [...fields.values()].filter((field) => !field.hidden && fits(field))
  const rank = (field: FieldInfo): number =>
    isSystem(field) ? 2 : prefers?.(field) === false ? 1 : 0
  return fitting.toSorted((a, b) => rank(a) - rank(b))
}

/** Which fields somebody may choose for a place. */
export const fieldsFor = candidates

/** The first needed place of a kind that no field of the entity fits; null when the kind can be offered. */
export function missingSlot(
  kind: ViewKind,
  fields: ReadonlyMap<string, FieldInfo>,
): FieldSlot | null {
  return (
    kindInfo[kind].fields.find((one) => one.isNeeded && candidates(fields, one).length === 0) ??
    null
  )
}

/**
 * A view with every needed place of its kind filled: by what it says, else by the first field that fits.
 * A date that the entity has of its own is chosen before the date of creation.
 */
export function withDefaults(view: ViewInfo, fields: ReadonlyMap<string, FieldInfo>): ViewInfo {
  let filled: Settings = view as unknown as Settings
  for (const one of kindInfo[view.kind].fields) {
    const named = settingAt(view, one.path)
    const field = typeof named === 'string' ? fields.get(named) : undefined
    if (field && one.fits(field)) continue
    const first = one.isNeeded ? candidates(fields, one)[0] : undefined
    filled = withSetting(filled, one.path, first?.apiName)
  }
  return filled as unknown as ViewInfo
}

/** Kinds in the order of the switcher, with what an entity lacks for them. */
export const offeredKinds = (fields: ReadonlyMap<string, FieldInfo>) =>
  viewKinds.map((kind) => ({ kind, missing: missingSlot(kind, fields) }))
