import type {
  ActionDefinition,
  EntityDefinition,
  EventDefinition,
  FieldDefinition,
  FieldTypeDefinition,
  Filter,
  GuardDefinition,
  HookDefinition,
  JobDefinition,
  PageDefinition,
  RoleDefinition,
  RouteDefinition,
  ScheduleDefinition,
  SeedDefinition,
  ServiceDefinition,
  SettingsDefinition,
  StorageClass,
} from '@runwaycrm/sdk'
import type { Points } from '../manifest/point.ts'
import type { Problem } from '../manifest/problem.ts'
import type { Expression } from './formula/expression.ts'
import type { Layer } from './layer.ts'

/**
 * What all layers of one organisation add up to: folded, checked, frozen. Two organisations with the
 * same layers share one object, and an entity that no layer of theirs touched is the same object in
 * both, so whatever is compiled from an entity can hang on it in a WeakMap.
 */
export interface Model {
  /** SHA-256 of the layers, hex. Equal hash, equal model. */
  readonly hash: string
  /** Ids of the layers in folding order, e.g. `kernel`, `platform.fields`, ..., `t`. */
  readonly layers: readonly string[]
  /** The layers themselves, in the same order. */
  readonly stack: readonly Layer[]
  /** The contribution points, the kernel's and the plugins', by name. */
  readonly points: Points
  readonly entities: ReadonlyMap<string, Entity>
  readonly entityByPlural: ReadonlyMap<string, Entity>
  readonly actions: ReadonlyMap<string, Contribution<ActionDefinition>>
  readonly roles: ReadonlyMap<string, Contribution<RoleDefinition>>
  readonly events: ReadonlyMap<string, Contribution<EventDefinition>>
  readonly guards: ReadonlyMap<string, Contribution<GuardDefinition>>
  readonly hooks: ReadonlyMap<string, readonly Contribution<HookDefinition>[]>
  readonly services: ReadonlyMap<string, Contribution<ServiceDefinition>>
  readonly settings: ReadonlyMap<string, Contribution<SettingsDefinition>>
  readonly jobs: ReadonlyMap<string, Contribution<JobDefinition>>
  readonly schedules: ReadonlyMap<string, Contribution<ScheduleDefinition>>
  readonly pages: ReadonlyMap<string, Contribution<PageDefinition>>
  readonly seeds: ReadonlyMap<string, Contribution<SeedDefinition>>
  readonly routes: ReadonlyMap<string, Contribution<RouteDefinition>>
  readonly messages: ReadonlyMap<string, Readonly<Record<string, string>>>
  /** Every point, the kernel's and the plugins', reference to contribution. */
  readonly contributions: ReadonlyMap<string, ReadonlyMap<string, Contribution<unknown>>>
  /** What is wrong with single definitions; they are left out, the rest stands. */
  readonly problems: readonly ModelProblem[]
}

/** One keyed definition with the layer it came from. `ref` is `plugin:key`. */
export interface Contribution<T> {
  readonly ref: string
  readonly plugin: string
  readonly key: string
  readonly definition: T
  /** Layers that changed it, in order. */
  readonly overriddenBy: readonly string[]
}

/** A problem of one layer; a notice says that something stands aside, and fails no plugin. */
export type ModelProblem = Problem

export interface Entity {
  /** `crm.leads:lead`. */
  readonly ref: string
  readonly plugin: string
  readonly key: string
  readonly plural: string
  readonly definition: EntityDefinition
  /** `tenant.crm_leads_lead`, or `tenant.record` for entities without a table of their own. */
  readonly table: string
  /** True when the table is the shared one, so every statement also says `entity = ref`. */
  readonly shared: boolean
  readonly titleField: string
  /** By field key, in order; system fields are not among them. */
  readonly fields: ReadonlyMap<string, Field>
  /** By the name the API uses: `accountId` finds the field `account`. System fields are among them. */
  readonly byApiName: ReadonlyMap<string, Field>
}

export interface Field {
  readonly key: string
  /** `account` is carried as `accountId`. */
  readonly apiName: string
  readonly definition: FieldDefinition
  /** Reference of the field type and its definition. */
  readonly type: string
  readonly typeDefinition: FieldTypeDefinition
  readonly label: string
  readonly order: number
  /** The layer that brought the field. */
  readonly from: string
  readonly storage: FieldStorage
  /** For relations, to one record or to several. */
  readonly target: string | null
  readonly system: boolean
  readonly required: boolean
  readonly unique: boolean
  readonly readOnly: boolean
}

/**
 * Where a value is. A column of the entity's table, a property of `custom jsonb` under the storage id,
 * or nowhere (computed). Parts sit beside the main value: column `value_currency`, property `f1.currency`.
 */
export type FieldStorage =
  | {
      readonly in: 'column'
      readonly column: string
      readonly class: StorageClass
      readonly parts: Readonly<
        Record<string, { readonly column: string; readonly class: StorageClass }>
      >
    }
  | {
      readonly in: 'custom'
      readonly id: string
      readonly class: StorageClass
      /** Where an indexed copy of the main value is written. */
      readonly slot?: Slot
      readonly parts: Readonly<
        Record<string, { readonly id: string; readonly class: StorageClass }>
      >
    }
  | {
      readonly in: 'computed'
      /** Of what comes out; `computed` is a text. */
      readonly class: StorageClass
      /** Of composed texts alone. */
      readonly template: string | null
      readonly computation: Computation
      /** The field type whose codec its values have; null for the kernel's plain ones. */
      readonly codec: string | null
      /** References of the other entities that its values depend on. */
      readonly reads: readonly string[]
      /** Of a formula that is written with the record. */
      readonly stored: StoredFormula | null
      /** Where it may be kept, and which slots the layer gives, before it is settled. */
      readonly room?: { readonly id: string; readonly slots: Readonly<Record<string, Slot>> }
    }

/** A formula whose values are kept in `custom` under its storage id. */
export interface StoredFormula {
  readonly id: string
  /** Of this formula over these fields; what is filled is noted under it. */
  readonly key: string
  /** API names of the fields that it is worked out from. */
  readonly on: readonly string[]
  /** Whether every record has its value. */
  readonly isReady: boolean
  /** Where an indexed copy is. */
  readonly slot: Slot | null
}

/** A column of `tenant.slot`; it may be asked once every record has its copy there. */
export interface Slot {
  readonly column: string
  readonly isReady: boolean
}

/** How a value is worked out. Names are API names; they are looked up in the model of whoever asks. */
export type Computation =
  /** What is wrong with the definition is among the problems of the model. */
  | { readonly by: 'nothing' }
  | { readonly by: 'template'; readonly template: string }
  | { readonly by: 'formula'; readonly expression: Expression }
  | { readonly by: 'lookup'; readonly through: string; readonly field: string }
  | {
      readonly by: 'rollup'
      /** The entity whose records are summed up, and its relation that leads here. */
      readonly from: string
      readonly through: string
      readonly measure: 'count' | 'sum' | 'avg' | 'min' | 'max' | 'countDistinct'
      /** Null counts records. */
      readonly field: string | null
      readonly filter: Filter | null
    }
