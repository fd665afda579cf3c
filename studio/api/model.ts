import type { Brand, EntityInfo, FieldInfo, Filter } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

/** What `GET /model` answers: all that this person may know of the organisation's model. */
export interface Model {
  readonly revision: number
  readonly hash: string
  readonly draft: boolean
  /** The last event before this was read. */
  readonly live: { readonly cursor: string }
  readonly org: {
    readonly id: string
    readonly slug: string
    readonly name: string
    readonly currency: string
    readonly timeZone: string
    readonly locale: string
  }
  readonly me: {
    readonly id: string
    readonly name: string
    readonly email: string
    readonly roles: readonly string[]
  }
  readonly permissions: readonly string[]
  readonly brand: Brand & { readonly name: string }
  /** Pictures of the ground under maps, by `{z}`, `{x}` and `{y}`; null when none are set up. */
  readonly map: { readonly tiles: string; readonly credit: string | null } | null
  readonly entities: readonly EntityInfo[]
  readonly pages: readonly PageInfo[]
  readonly views: readonly ViewInfo[]
  readonly layouts: readonly LayoutInfo[]
  readonly composers: readonly ComposerInfo[]
  readonly dashboards: readonly DashboardInfo[]
  readonly actions: readonly ActionInfo[]
  readonly roles: readonly { readonly ref: string; readonly label: string }[]
}

export interface PageInfo {
  readonly ref: string
  readonly label: string
  /** `/leads`. */
  readonly path: string
  readonly icon?: string
  readonly order: number
  readonly group?: string
  readonly entity?: string
  readonly component?: string
}

export interface ViewInfo {
  readonly ref: string
  readonly entity: string
  readonly label: string
  readonly kind: ViewKind
  readonly icon?: string
  readonly order: number
  readonly columns?: readonly string[]
  readonly filter?: Filter
  readonly sort?: string
  readonly groupBy?: string
  readonly cardFields?: readonly string[]
  readonly sumField?: string
  readonly calendar?: CalendarSettings
  readonly gallery?: GallerySettings
  readonly map?: MapSettings
  readonly timeline?: TimelineSettings
  readonly chart?: ChartSettings
}

export const viewKinds = [
  'table',
  'board',
  'calendar',
  'gallery',
  'map',
  'timeline',
  'chart',
] as const
export type ViewKind = (typeof viewKinds)[number]

/** Names in settings are those of fields, as the API carries them. */
export interface CalendarSettings {
  readonly date: string
  readonly end?: string
  readonly scale?: 'month' | 'week'
}
export interface GallerySettings {
  readonly cover?: string
  readonly fit?: 'cover' | 'contain'
}
export interface MapSettings {
  readonly place: string
}
export interface TimelineSettings {
  readonly start: string
  readonly end?: string
  readonly scale?: 'day' | 'week' | 'month'
}
export interface ChartSettings {
  readonly by: string
  readonly bucket?: 'day' | 'week' | 'month' | 'quarter' | 'year'
  readonly split?: string
  readonly form?: 'bar' | 'line' | 'area' | 'pie' | 'donut'
  readonly measure?: 'count' | 'countDistinct' | 'sum' | 'avg' | 'min' | 'max'
  readonly of?: string
}

/** How one record of an entity is laid out; the first of each entity. */
export interface LayoutInfo {
  readonly ref: string
  readonly entity: string
  readonly highlights?: readonly string[]
  readonly tabs: readonly LayoutTab[]
  /** Names in it that lead nowhere; for admins alone. */
  readonly unknown?: readonly string[]
}
export interface LayoutTab {
  readonly key: string
  readonly label: string
  readonly sections: readonly LayoutSection[]
}
export interface LayoutSection {
  readonly key: string
  readonly label?: string
  readonly widget: 'fields' | 'timeline' | 'related' | 'files' | 'figure' | 'chart'
  readonly fields?: readonly string[]
  /** Of `related`, `figure` and `chart`: whose records, by which relation. */
  readonly entity?: string
  readonly field?: string
  readonly measure?: 'count' | 'sum' | 'avg' | 'min' | 'max'
  readonly of?: string
  readonly filter?: Filter
  readonly chart?: 'bar' | 'line' | 'pie' | 'funnel'
  readonly groupBy?: string
  readonly bucket?: TileInfo['bucket']
  readonly splitBy?: string
}

/** Something that can be written in a timeline; it makes a record with the reference `about`. */
export interface ComposerInfo {
  readonly ref: string
  readonly entity: string
  readonly label: string
  readonly icon?: string
  readonly body?: string
  readonly fields: readonly string[]
  readonly values: Readonly<Record<string, unknown>>
}

export type TileKind = 'kpi' | 'funnel' | 'bar' | 'line' | 'pie' | 'leaderboard' | 'table'
export type TileMeasure = Readonly<
  Partial<Record<'count' | 'countDistinct' | 'sum' | 'avg' | 'min' | 'max', string>>
>
export interface TileInfo {
  readonly label: string
  readonly kind: TileKind
  readonly entity: string
  readonly order?: number
  /** Columns of three. */
  readonly width?: number
  readonly filter?: Filter
  readonly measure?: TileMeasure
  /** The figure is divided by this one and shown in percent. */
  readonly over?: { readonly measure: TileMeasure; readonly filter?: Filter }
  readonly groupBy?: string
  readonly bucket?: 'day' | 'week' | 'month' | 'quarter' | 'year'
  readonly splitBy?: string
  /** The date to which the period applies. */
  readonly dateField?: string
  readonly columns?: readonly string[]
  readonly sort?: string
  readonly limit?: number
  readonly isRising?: boolean
  readonly view?: string
}
export interface DashboardBody {
  readonly label: string
  readonly icon?: string
  readonly period?: string
  readonly hasOwner?: boolean
  readonly tiles: Readonly<Record<string, TileInfo>>
}
export interface DashboardInfo extends DashboardBody {
  readonly ref: string
  readonly order: number
}

export interface ActionInfo {
  readonly ref: string
  readonly label: string
  readonly description?: string
  readonly icon?: string
  readonly risk: 'read' | 'write' | 'external' | 'destructive'
  /** JSON Schema of the input. */
  readonly input: JsonSchema
  readonly on: { readonly entity: string; readonly as: string; readonly multiple?: boolean } | null
  /** Entities of which it makes records, where it is on none. */
  readonly makes?: readonly string[]
  /** Members of the answer that are in no other. */
  readonly shownOnce?: readonly string[]
}

/** The part of JSON Schema that the forms draw. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly description?: string
  readonly format?: string
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly const?: unknown
  readonly default?: unknown
  readonly minimum?: number
  readonly maximum?: number
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly items?: JsonSchema
  readonly maxItems?: number
  /** The field whose value it is, `crm.leads:lead.status`: its label, editor and options are used. */
  readonly 'x-field'?: string
  /** The entity of the record whose id it is; `*` for a record of any. */
  readonly 'x-record'?: string
  /** The point one of whose contributions it names. */
  readonly 'x-reference'?: string
  /** Words of its choices, by choice. */
  readonly 'x-words'?: Readonly<Record<string, string>>
  /** Conditions on an entity, or on the one that the member of this name holds. */
  readonly 'x-filter'?: string
}

export type { EntityInfo, FieldInfo, Filter }

export function createModelApi(http: Http) {
  return { load: (): Promise<Model> => http.get<Model>('/model') }
}
