import type { Http } from '../../api/http.ts'
import type { ActorInfo } from '../../api/records.ts'
import type { DraftOperation, PlanItem } from '../../api/studio.ts'
import type { Json, JsonObject, Path } from '../model/leaf.ts'
import type { Schema } from '../model/schema.ts'

/** Where a definition comes from; `own` is the organisation itself. */
export type LayerName = 'kernel' | 'plugin' | 'package' | 'reseller' | 'own'
/** The draft against what is published. */
export type DraftState = 'same' | 'changed' | 'new' | 'removed'

export interface PointInfo {
  readonly name: string
  readonly plugin: string
  readonly label: string
  readonly description?: string
  readonly schema: Schema
  /** Where references stand (steps joined by slashes, a star for any) to the point they are found under. */
  readonly references: Readonly<Record<string, string>>
  readonly tiers?: readonly string[]
  readonly count: number
  readonly changed: number
}

export interface ContributionInfo {
  readonly ref: string
  readonly key: string
  readonly point: string
  readonly plugin: string
  readonly layer: LayerName
  readonly label: string
  readonly state: DraftState
  readonly problems: number
  readonly description?: string
  readonly icon?: string
  /** 1 to 10, a category colour. */
  readonly color?: number
  readonly order?: number
}

/** A schema that a contribution has for a part of others; `of` as it was asked for. */
export interface BroughtSchema {
  readonly of: string
  readonly schema: Schema
}

export interface UseInfo {
  readonly point: string
  readonly ref: string
  readonly label: string
  readonly path?: Path | string
  readonly field?: string
}

export interface FieldOrigin {
  readonly point: string
  readonly ref: string
  readonly plugin: string
  readonly layer: LayerName
  readonly state: DraftState
  /** Below that contribution. */
  readonly path: Path
}

export interface ContributionDetail {
  readonly ref: string
  readonly key: string
  readonly point: string
  readonly plugin: string
  readonly pluginTitle: string
  readonly version: string
  readonly layer: LayerName
  readonly label: string
  readonly state: DraftState
  readonly definition: JsonObject
  /** Without the own layer; null for what is the organisation's own. */
  readonly upstream: JsonObject | null
  readonly published: JsonObject | null
  readonly overrides: readonly { readonly path: Path; readonly from?: Json; readonly to?: Json }[]
  readonly problems: readonly {
    readonly path: Path | string
    readonly message: string
    readonly hint?: string
  }[]
  readonly usedBy: readonly UseInfo[]
  readonly uses: readonly UseInfo[]
  readonly fieldOrigins?: Readonly<Record<string, FieldOrigin>>
}

export interface DraftChange {
  /** `entities/crm.leads:lead`; null for an own addition. */
  readonly target: string | null
  readonly point: string
  readonly ref: string
  readonly label: string
  readonly path: Path
  readonly before?: Json
  readonly after?: Json
}

export interface DraftChanges {
  readonly changed: number
  readonly revision: number
  readonly editors: readonly {
    readonly type: string
    readonly id: string | null
    readonly name: string
    readonly at?: string
  }[]
  /** Whether none of them may publish it. */
  readonly secondPerson: boolean
  readonly data: readonly DraftChange[]
}

export interface RevisionDetail {
  readonly revision: number
  readonly message: string
  readonly author: ActorInfo
  readonly createdAt: string
  readonly restores: number | null
  readonly changes: readonly DraftChange[]
}

export interface PlanItemWithUses extends PlanItem {
  readonly usedBy?: readonly UseInfo[]
  readonly blocking?: boolean
}
export interface PlanWithUses {
  readonly hash: string
  readonly items: readonly PlanItemWithUses[]
}

interface Moved {
  readonly gained: readonly string[]
  readonly lost: readonly string[]
}
export interface EntityAccess {
  readonly entity: string
  readonly label: string
  readonly records: {
    readonly before: number
    readonly after: number
    readonly gained: number
    readonly lost: number
  }
  /** Labels of fields that are seen. */
  readonly fields: Moved
  /** Labels of fields that are changed. */
  readonly changes: Moved
  readonly operations: Moved & { readonly changed: readonly string[] }
}
export interface AccessDiff {
  readonly roles: readonly {
    readonly ref: string
    readonly label: string
    readonly members: number
    readonly keys: number
    /** Rights besides records. */
    readonly gained: readonly string[]
    readonly lost: readonly string[]
    readonly entities: readonly EntityAccess[]
  }[]
  readonly people: readonly {
    readonly id: string
    readonly name: string
    readonly entities: readonly EntityAccess[]
  }[]
  /** Who holds a role that changes, and how many of them were looked at one by one. */
  readonly holders: { readonly count: number; readonly compared: number }
  readonly unchangedRoles: number
}

/** The document of the own layer, as `GET /studio/draft` tells it. */
export interface LayerDocument {
  readonly contributes: Readonly<Record<string, JsonObject>>
  readonly overrides: readonly {
    readonly point: string
    readonly target: string
    readonly path: Path
    readonly from?: Json
    readonly to?: Json
  }[]
}

export interface FormulaPreview {
  readonly result: { readonly type: string; readonly kind: string } | null
  readonly errors: readonly {
    readonly at: number
    readonly message: string
    readonly hint?: string
  }[]
  readonly samples: readonly {
    readonly id: string
    readonly title: string | null
    readonly value: unknown
  }[]
}
export interface FormulaFunction {
  readonly name: string
  readonly label: string
  readonly signatures: readonly string[]
  readonly example?: unknown
}

export interface PluginInfo {
  readonly id: string
  readonly title?: string
  readonly description?: string | null
  /** Null, as the tier, for one that the installation lost. */
  readonly version?: string | null
  readonly tier?: string | null
  readonly state: string
  readonly reason?: string | null
  /** Enabled plugins that do not work without it. */
  readonly neededBy?: readonly string[]
  readonly requires?: Readonly<Record<string, string>>
  /** What it asked to be allowed. */
  readonly capabilities?: {
    /** Reference of an entity, or `*`, to operations. */
    readonly data?: Readonly<Record<string, readonly string[]>>
    readonly actions?: readonly string[]
    readonly net?: readonly string[]
    readonly services?: readonly string[]
    readonly environment?: readonly string[]
    readonly permissions?: readonly string[]
  }
}

export interface SettingsGroup {
  readonly ref: string
  readonly plugin?: string
  readonly label?: string
  readonly schema: Schema
  readonly secrets?: readonly string[]
  readonly values: Readonly<Record<string, Json>>
}

/** What the pages of the studio ask: definitions of any point, the draft, what is published. */
export function createDefinitionsApi(http: Http) {
  const address = (point: string, ref: string): string =>
    `/studio/contributions/${encodeURIComponent(point)}/${encodeURIComponent(ref)}`
  const dataOf = async <T>(path: string, query?: Record<string, string>): Promise<readonly T[]> =>
    (await http.get<{ readonly data: readonly T[] }>(path, query)).data
  const patch = async <T>(path: string, body: unknown): Promise<T> =>
    (await http.request<T>('PATCH', path, { body })).data
  return {
    points: () => dataOf<PointInfo>('/studio/points'),
    contributions: (point: string) => dataOf<ContributionInfo>('/studio/contributions', { point }),
    contribution: (point: string, ref: string) => http.get<ContributionDetail>(address(point, ref)),
    schemas: (of: readonly string[]) =>
      dataOf<BroughtSchema>('/studio/schemas', { of: of.join(',') }),
    changes: () => http.get<DraftChanges>('/studio/changes'),
    document: async () =>
      (await http.get<{ readonly document: LayerDocument }>('/studio/draft')).document,
    edit: (ops: readonly DraftOperation[]) => patch<unknown>('/studio/draft', { ops }),
    discard: () => http.request('DELETE', '/studio/draft'),
    plan: () => http.post<PlanWithUses>('/studio/plan'),
    accessDiff: () => http.post<AccessDiff>('/studio/access-diff'),
    revision: (n: number) => http.get<RevisionDetail>(`/studio/revisions/${n}`),
    formula: (entity: string, formula: string) =>
      http.post<FormulaPreview>('/studio/formula', { entity, formula }),
    functions: () => dataOf<FormulaFunction>('/studio/functions'),
    plugins: () => dataOf<PluginInfo>('/plugins'),
    setPlugin: (id: string, state: 'enabled' | 'disabled') =>
      patch<unknown>(`/plugins/${encodeURIComponent(id)}`, { state }),
    settings: async () =>
      (await http.get<{ readonly groups: readonly SettingsGroup[] }>('/settings')).groups,
    setSettings: (ref: string, values: Readonly<Record<string, unknown>>) =>
      patch<unknown>(`/settings/${encodeURIComponent(ref)}`, values),
  }
}
export type DefinitionsApi = ReturnType<typeof createDefinitionsApi>
