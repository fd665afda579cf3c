import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { TileInfo, TileKind } from '../api/model.ts'

type Tiles = Readonly<Record<string, TileInfo>>

export const inOrder = (tiles: Tiles): readonly (readonly [string, TileInfo])[] =>
  Object.entries(tiles).toSorted(([, a], [, b]) => (a.order ?? 1000) - (b.order ?? 1000))

const numbered = (list: readonly (readonly [string, TileInfo])[]): Tiles =>
  Object.fromEntries(list.map(([key, tile], index) => [key, { ...tile, order: (index + 1) * 10 }]))

/** One place up or down; at an end it stays. */
export function moved(tiles: Tiles, key: string, by: 1 | -1): Tiles {
  const list = [...inOrder(tiles)]
  const at = list.findIndex(([one]) => one === key)
  const other = at + by
  const [here, there] = [list[at], list[other]]
  if (!here || !there) return tiles
  list[at] = there
  list[other] = here
  return numbered(list)
}

export function without(tiles: Tiles, key: string): Tiles {
  return numbered(inOrder(tiles).filter(([one]) => one !== key))
}

/** A changed tile in its place, a new one at the end. */
export function withTile(tiles: Tiles, key: string | null, tile: TileInfo): Tiles {
  if (key !== null) return { ...tiles, [key]: { ...tile, order: tiles[key]?.order ?? 1000 } }
  let n = Object.keys(tiles).length + 1
  while (`tile${n}` in tiles) n++
  return numbered([...inOrder(tiles), [`tile${n}`, tile]])
}

/** What somebody chooses for a tile; the rest follows from it. */
export interface TileChoice {
  readonly label: string
  readonly kind: TileKind
  /** `count`, or a measure and a field: `sum value`. */
  readonly measure: string
  readonly groupBy: string
  readonly dateField: string
  readonly width: number
}

export const needsGroup = (kind: TileKind): boolean => kind !== 'kpi' && kind !== 'table'

export function choiceOf(tile: TileInfo): TileChoice {
  const [[name = 'count', field = '*'] = []] = Object.entries(tile.measure ?? { count: '*' })
  return {
    label: tile.label,
    kind: tile.kind,
    measure: field === '*' ? 'count' : `${name} ${field}`,
    groupBy: tile.groupBy ?? '',
    dateField: tile.dateField ?? '',
    width: tile.width ?? 1,
  }
}

/** A tile of what was chosen; what the form does not show of the one before is kept while it fits. */
export function tileOf(
  choice: TileChoice,
  entity: EntityInfo,
  fields: ReadonlyMap<string, FieldInfo>,
  before: TileInfo | null,
): TileInfo {
  const [name = 'count', field = '*'] = choice.measure.split(' ')
  const isSame = before?.entity === entity.ref
  const group = needsGroup(choice.kind) ? fields.get(choice.groupBy) : undefined
  const isDate = group?.kind === 'date' || group?.kind === 'dateTime'
  const columns = [...fields.values()].filter((one) => !one.hidden).map((one) => one.apiName)
  return {
    label: choice.label.trim(),
    kind: choice.kind,
    entity: entity.ref,
    width: choice.width,
    ...(isSame && before.filter ? { filter: before.filter } : {}),
    ...(isSame && before.over && choice.kind === 'kpi' ? { over: before.over } : {}),
    ...(choice.kind === 'table'
      ? { columns: (isSame && before.columns) || columns.slice(0, 5), limit: before?.limit ?? 8 }
      : { measure: { [name]: field } }),
    ...(group ? { groupBy: group.apiName } : {}),
    ...(isDate ? { bucket: before?.bucket ?? ('month' as const) } : {}),
    ...(choice.dateField === '' ? {} : { dateField: choice.dateField }),
  }
}
