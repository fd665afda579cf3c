import type { AggregateQuery, EntityInfo, Filter, ListQuery, Measure } from '@runwaycrm/sdk'
import type { TileInfo } from '../api/model.ts'
import { allOf } from '../filters/filter-json.ts'
import { type Period, periodBefore, periodFilter } from './period.ts'

/** What the reader narrowed a dashboard to. */
export interface DashboardFilters {
  readonly period: Period
  /** Id of a person; null is everybody. */
  readonly owner: string | null
}

/** Of the tile, its period and its person together. */
export function tileFilter(
  tile: TileInfo,
  entity: EntityInfo,
  { period, owner }: DashboardFilters,
): Filter {
  const hasOwner = entity.fields.some((field) => field.apiName === 'ownerId')
  return allOf([
    tile.filter ?? {},
    tile.dateField ? periodFilter(tile.dateField, period) : {},
    owner !== null && hasOwner ? { ownerId: owner } : {},
  ])
}

const measureOf = (tile: TileInfo) => (tile.measure ?? { count: '*' }) as Measure

/** A figure, the one of the period before, and what it is a share of, in one question. */
export function figureQuery(
  tile: TileInfo,
  entity: EntityInfo,
  filters: DashboardFilters,
): AggregateQuery {
  const { dateField, over } = tile
  const now = dateField ? periodFilter(dateField, filters.period) : {}
  const before = dateField ? periodBefore(dateField, filters.period) : null
  const all = { ...tile, filter: {} }
  const { dateField: _, ...undated } = all
  const part = (measure: Measure, ...all: Filter[]): Measure => ({ ...measure, filter: allOf(all) })
  const own = tile.filter ?? {}
  const whole = over ? ((over.measure ?? { count: '*' }) as Measure) : null
  const wholeFilter = over?.filter ?? {}
  return {
    filter: tileFilter(undated, entity, filters),
    measures: {
      now: part(measureOf(tile), own, now),
      ...(before ? { before: part(measureOf(tile), own, before) } : {}),
      ...(whole ? { whole: part(whole, wholeFilter, now) } : {}),
      ...(whole && before ? { wholeBefore: part(whole, wholeFilter, before) } : {}),
    },
  }
}

/** Figures by group; those of a date in its order, others the largest first. */
export function groupQuery(
  tile: TileInfo,
  entity: EntityInfo,
  filters: DashboardFilters,
): AggregateQuery {
  const { groupBy = '', bucket, splitBy, limit } = tile
  const isDated = bucket !== undefined
  return {
    filter: tileFilter(tile, entity, filters),
    groupBy: [
      { field: groupBy, ...(bucket ? { bucket } : {}) },
      ...(splitBy ? [{ field: splitBy }] : []),
    ],
    measures: { value: measureOf(tile) },
    ...(isDated ? { sort: groupBy } : {}),
    limit: tile.kind === 'leaderboard' ? 200 : Math.max(limit ?? 0, 200),
  }
}

export function tableQuery(
  tile: TileInfo,
  entity: EntityInfo,
  filters: DashboardFilters,
): ListQuery {
  const columns = tile.columns ?? [entity.titleField]
  const relations = entity.fields.filter(
    (field) => field.kind === 'relation' && columns.includes(field.apiName),
  )
  return {
    filter: tileFilter(tile, entity, filters),
    fields: columns,
    expand: relations.map((field) => field.key),
    limit: tile.limit ?? 8,
    ...(tile.sort ? { sort: tile.sort } : {}),
  }
}
