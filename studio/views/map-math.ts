/** A place on the globe, in degrees. */
export interface LatLng {
  readonly lat: number
  readonly lng: number
}
/** A place on the square that the world is drawn on, 0 to 1 from the north-west. */
export interface WorldPoint {
  readonly x: number
  readonly y: number
}
/** What is in sight: the middle, and how often the world was doubled from one tile. */
export interface MapSight {
  readonly center: WorldPoint
  readonly zoom: number
}
/** In px. */
export interface MapSize {
  readonly width: number
  readonly height: number
}

const tile = 256
/** Further north or south the projection has no end. */
const mostLat = 85.05112878
export const leastZoom = 0
export const mostZoom = 18

/** Spherical Mercator. @see EPSG:3857. */
export function project({ lat, lng }: LatLng): WorldPoint {
  const sin = Math.sin((Math.max(-mostLat, Math.min(mostLat, lat)) * Math.PI) / 180)
  return { x: lng / 360 + 0.5, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) }
}

export function unproject({ x, y }: WorldPoint): LatLng {
  const n = Math.PI * (1 - 2 * y)
  return { lat: (Math.atan(Math.sinh(n)) * 180) / Math.PI, lng: (x - 0.5) * 360 }
}

const scaleOf = (zoom: number): number => tile * 2 ** zoom

/** Where a point of the world is on the screen, in px from the corner of the map. */
export function toScreen(point: WorldPoint, { center, zoom }: MapSight, size: MapSize): WorldPoint {
  const scale = scaleOf(zoom)
  return {
    x: (point.x - center.x) * scale + size.width / 2,
    y: (point.y - center.y) * scale + size.height / 2,
  }
}

export function toWorld(screen: WorldPoint, { center, zoom }: MapSight, size: MapSize): WorldPoint {
  const scale = scaleOf(zoom)
  return {
    x: (screen.x - size.width / 2) / scale + center.x,
    y: (screen.y - size.height / 2) / scale + center.y,
  }
}

const clamp = (value: number, least: number, most: number): number =>
  Math.max(least, Math.min(most, value))

/** The sight after the content was pulled by so many px. */
export function pan(sight: MapSight, byX: number, byY: number): MapSight {
  const scale = scaleOf(sight.zoom)
  return {
    zoom: sight.zoom,
    center: {
      x: clamp(sight.center.x - byX / scale, 0, 1),
      y: clamp(sight.center.y - byY / scale, 0, 1),
    },
  }
}

/** Zooms so that what is under `at` stays there. */
export function zoomAt(sight: MapSight, by: number, at: WorldPoint, size: MapSize): MapSight {
  const zoom = clamp(sight.zoom + by, leastZoom, mostZoom)
  const fixed = toWorld(at, sight, size)
  const moved = toWorld(at, { ...sight, zoom }, size)
  return {
    zoom,
    center: {
      x: clamp(sight.center.x + fixed.x - moved.x, 0, 1),
      y: clamp(sight.center.y + fixed.y - moved.y, 0, 1),
    },
  }
}

/** The closest sight in which all points have room; the whole world without any. */
export function fit(points: readonly WorldPoint[], size: MapSize, margin = 48): MapSight {
  const xs = points.map(({ x }) => x)
  const ys = points.map(({ y }) => y)
  if (points.length === 0)
    return { center: { x: 0.5, y: 0.4 }, zoom: Math.max(0, Math.log2(size.width / tile)) }
  const [left, right] = [Math.min(...xs), Math.max(...xs)]
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)]
  const room = (px: number) => Math.max(1, px - 2 * margin) / tile
  const scale = Math.min(
    room(size.width) / Math.max(right - left, 1e-9),
    room(size.height) / Math.max(bottom - top, 1e-9),
  )
  // One address is shown with the town around it, not the kerb.
  const closest = 11
  return {
    center: { x: (left + right) / 2, y: (top + bottom) / 2 },
    zoom: clamp(Math.log2(scale), leastZoom, closest),
  }
}

export interface Placed<T> {
  readonly item: T
  readonly at: WorldPoint
}
/** One or several things that are drawn as one. */
export interface Cluster<T> {
  readonly items: readonly T[]
  /** On the screen, in px. */
  readonly at: WorldPoint
  readonly points: readonly WorldPoint[]
}

/**
 * Gathers what would be drawn over each other. Things outside of the sight are left out.
 *
 * @param radius in px; nothing nearer than that to the first of a cluster stands alone.
 */
export function cluster<T>(
  placed: readonly Placed<T>[],
  sight: MapSight,
  size: MapSize,
  radius = 44,
): readonly Cluster<T>[] {
  const found: {
    items: T[]
    points: WorldPoint[]
    first: WorldPoint
    sum: { x: number; y: number }
  }[] = []
  /** The clusters that begin in each square of the screen. */
  const squares = new Map<string, number[]>()
  for (const { item, at } of placed) {
    const on = toScreen(at, sight, size)
    if (
      on.x < -radius ||
      on.y < -radius ||
      on.x > size.width + radius ||
      on.y > size.height + radius
    )
      continue
    const [column, row] = [Math.floor(on.x / radius), Math.floor(on.y / radius)]
    const near = neighbours(column, row)
      .flatMap((key) => squares.get(key) ?? [])
      .find((index) => distance(found[index]!.first, on) < radius)
    const known = near === undefined ? null : found[near]!
    if (known) {
      known.items.push(item)
      known.points.push(at)
      known.sum.x += on.x
      known.sum.y += on.y
      continue
    }
    const key = `${column} ${row}`
    squares.set(key, [...(squares.get(key) ?? []), found.length])
    found.push({ items: [item], points: [at], first: on, sum: { ...on } })
  }
  return found.map(({ items, points, sum }) => ({
    items,
    points,
    at: { x: sum.x / items.length, y: sum.y / items.length },
  }))
}

const neighbours = (column: number, row: number): string[] =>
  [-1, 0, 1].flatMap((dx) => [-1, 0, 1].map((dy) => `${column + dx} ${row + dy}`))
const distance = (a: WorldPoint, b: WorldPoint): number => Math.hypot(a.x - b.x, a.y - b.y)

/** Lines of the graticule in sight, at most a dozen each way, with their degrees. */
export function graticule(
  sight: MapSight,
  size: MapSize,
): { readonly lat: readonly number[]; readonly lng: readonly number[] } {
  const steps = [30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001]
  const northWest = unproject(toWorld({ x: 0, y: 0 }, sight, size))
  const southEast = unproject(toWorld({ x: size.width, y: size.height }, sight, size))
  const [west, east] = [Math.max(-180, northWest.lng), Math.min(180, southEast.lng)]
  const [south, north] = [Math.max(-80, southEast.lat), Math.min(80, northWest.lat)]
  const step =
    steps.findLast((one) => (east - west) / one <= 12 && (north - south) / one <= 12) ?? 30
  const lines = (from: number, to: number): number[] => {
    const all: number[] = []
    for (let at = Math.ceil(from / step); at * step <= to; at++)
      all.push(Number((at * step).toFixed(4)))
    return all
  }
  return { lat: lines(south, north), lng: lines(west, east) }
}

/** A picture of the ground, on the screen in px. */
export interface MapTile extends WorldPoint {
  readonly url: string
  readonly size: number
}

/**
 * The tiles that cover the map. They are drawn at their own size or up to 1.4 times it, and go round the world.
 *
 * @param template address with `{z}`, `{x}` and `{y}`.
 */
export function tilesOf(template: string, sight: MapSight, size: MapSize): readonly MapTile[] {
  const z = Math.max(0, Math.min(mostZoom, Math.round(sight.zoom)))
  const count = 2 ** z
  const first = toWorld({ x: 0, y: 0 }, sight, size)
  const last = toWorld({ x: size.width, y: size.height }, sight, size)
  const side = scaleOf(sight.zoom) / count
  const found: MapTile[] = []
  for (let y = Math.max(0, Math.floor(first.y * count)); y < Math.min(count, last.y * count); y++)
    for (let x = Math.floor(first.x * count); x < last.x * count; x++) {
      const column = ((x % count) + count) % count
      const parts = { '{z}': z, '{x}': column, '{y}': y }
      const url = template.replace(/\{[xyz]\}/g, (part) =>
        String(parts[part as keyof typeof parts]),
      )
      found.push({ url, size: side, ...toScreen({ x: x / count, y: y / count }, sight, size) })
    }
  return found
}
