import type { RequestContext } from '../context/request-context.ts'
import type { Contribution } from '../model/model.ts'
import { wordsOf } from '../model/words.ts'
import { findReadable } from '../records/filter.ts'
import { namesIn } from './visible-view.ts'

/** A definition under the point `dashboards`. */
export interface DashboardDefinition {
  readonly label: string
  readonly order?: number
  readonly hidden?: boolean
  readonly tiles: Readonly<Record<string, TileDefinition>>
  readonly [member: string]: unknown
}
interface TileDefinition {
  readonly label: string
  readonly entity: string
  readonly order?: number
  readonly filter?: object
  readonly measure?: Readonly<Record<string, string>>
  readonly over?: { readonly measure: Readonly<Record<string, string>>; readonly filter?: object }
  readonly groupBy?: string
  readonly splitBy?: string
  readonly dateField?: string
  readonly columns?: readonly string[]
  readonly sort?: string
  readonly [member: string]: unknown
}

/**
 * A dashboard as whoever asks may know it: without tiles over records that they may not read, or that name
 * a field which is hidden from them.
 *
 * @returns null when no tile is left.
 */
export function visibleDashboard(
  ctx: RequestContext,
  { ref, plugin, key, definition }: Contribution<DashboardDefinition>,
) {
  const { hidden: _, order = 1000, label, tiles, ...rest } = definition
  const words = (path: string, text: string) =>
    wordsOf(ctx, plugin, `dashboards.${key}.${path}`, text)
  const shown = Object.entries(tiles).flatMap(([name, tile]) => {
    const seen = visibleTile(ctx, tile)
    return seen ? [[name, { ...seen, label: words(`tiles.${name}.label`, tile.label) }]] : []
  })
  if (shown.length === 0) return null
  return { ref, order, ...rest, label: words('label', label), tiles: Object.fromEntries(shown) }
}

function visibleTile(ctx: RequestContext, tile: TileDefinition): TileDefinition | null {
  const entity = ctx.model.entities.get(tile.entity)
  if (!entity || !ctx.ability.can('read', entity.ref)) return null
  const isSeen = (name: string) => findReadable(ctx, entity, name) !== null
  const named = [
    ...namesIn(tile.filter),
    ...namesIn(tile.over?.filter),
    ...[tile.measure, tile.over?.measure].flatMap((measure) => Object.values(measure ?? {})),
    ...[tile.groupBy, tile.splitBy, tile.dateField].filter((name) => name !== undefined),
    ...(tile.sort?.split(',').map((one) => one.replace(/^-/, '')) ?? []),
  ].filter((name) => name !== '*')
  if (!named.every(isSeen)) return null
  const columns = tile.columns?.filter(isSeen)
  if (columns?.length === 0) return null
  return columns ? { ...tile, columns } : tile
}
