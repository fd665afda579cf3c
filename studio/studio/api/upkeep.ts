import type { Http } from '../../api/http.ts'
import type { LiftableValue } from '../model/export-parts.ts'
import type { Json, Path } from '../model/leaf.ts'
import type { PlanItemWithUses } from './definitions.ts'

/** A field or an object that was taken away, with what is still kept of it. */
export interface Archived {
  readonly kind: 'field' | 'entity'
  readonly path: string
  readonly label: string
  readonly entity: string
  readonly entityLabel: string
  readonly type?: string
  readonly storageId: string
  readonly revision: number
  readonly removedIn: number
  readonly removedAt: string
  readonly values: number
}

/** A leaf that the organisation changed and an upgrade changed as well. */
export interface ReviewItem {
  readonly point: string
  readonly target: string
  readonly path: Path
  readonly label?: string
  readonly mine?: Json
  readonly was?: Json
  readonly theirs?: Json
  readonly fate: 'review' | 'parked'
}

export interface InstalledPackage {
  readonly id: string
  readonly version: string
  readonly title?: string
  /** What was said for its parameters. */
  readonly params?: Readonly<Record<string, unknown>>
}
export interface PackageChange {
  readonly id: string
  readonly version: string
  readonly from: string | null
  readonly items?: readonly PlanItemWithUses[]
  readonly review: readonly ReviewItem[]
}

/** Something that the organisation built, or changed of others. */
export interface ExportPart {
  /** As an export takes it. */
  readonly pick: string
  readonly point: string
  readonly label: string
  readonly isOverride: boolean
}
export interface ExportParts {
  readonly data: readonly ExportPart[]
  readonly along: readonly { readonly pick: string; readonly because: string }[]
  readonly values: readonly LiftableValue[]
}
export interface ExportRequest {
  readonly id: string
  readonly version: string
  readonly title: string
  /** All parts when missing. */
  readonly pick?: readonly string[]
  /** Name of the parameter to the place of its value. */
  readonly params?: Readonly<Record<string, string>>
}

/** What upgrades and removals leave behind, and the packages themselves. */
export function createUpkeepApi(http: Http) {
  const dataOf = async <T>(path: string): Promise<readonly T[]> =>
    (await http.get<{ readonly data: readonly T[] }>(path)).data
  return {
    archive: () => dataOf<Archived>('/studio/archive'),
    restore: ({ path, revision }: Archived) =>
      http.post<unknown>('/studio/archive/restore', { path, revision }),
    purge: ({ path, storageId }: Archived, confirm: string) =>
      http.post<{ jobId: string }>('/studio/archive/purge', { path, storageId, confirm }),
    review: () => dataOf<ReviewItem>('/studio/review'),
    resolve: ({ point, target, path }: ReviewItem, take: 'mine' | 'theirs') =>
      http.post<unknown>('/studio/review', { point, target, path, take }),
    packages: () => dataOf<InstalledPackage>('/studio/packages'),
    /** @param params values for what the package leaves to each organisation. */
    install: (manifest: unknown, params: Readonly<Record<string, unknown>>, dryRun: boolean) =>
      http.post<PackageChange>('/studio/packages', { manifest, params, dryRun }),
    removePackage: async (id: string, dryRun: boolean): Promise<PackageChange> => {
      const path = `/studio/packages/${encodeURIComponent(id)}?dryRun=${dryRun}`
      return (await http.request<PackageChange>('DELETE', path)).data
    },
    /** @param pick what of it is taken, for what comes along and the values in it. */
    parts: (pick: readonly string[]) => http.post<ExportParts>('/studio/export/parts', { pick }),
    export: (request: ExportRequest) => http.post<unknown>('/studio/export', request),
  }
}
