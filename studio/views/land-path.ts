import { project } from './map-math.ts'

type Ring = readonly number[]

/** The part of TopoJSON that a map of land is made of. */
export interface LandTopology {
  readonly transform: {
    readonly scale: readonly number[]
    readonly translate: readonly number[]
  }
  /** Each a first place and steps from there, in whole units of the transform. */
  readonly arcs: readonly (readonly (readonly number[])[])[]
  readonly objects: {
    readonly land: {
      /** Rings name arcs; one below zero is taken backwards. */
      readonly geometries: readonly { readonly arcs: readonly (readonly Ring[])[] }[]
    }
  }
}

/** Units of the path for the width of the world. */
export const landUnits = 10_000

type Place = readonly [lng: number, lat: number]

/**
 * Land as one SVG path on the square that the world is drawn on, `landUnits` wide. Lakes that are rings
 * within rings are left out by the even-odd rule; what lies on both sides of the date line is drawn on both.
 */
export function landPath({ transform, arcs, objects }: LandTopology): string {
  const [scaleX = 1, scaleY = 1] = transform.scale
  const [left = 0, bottom = 0] = transform.translate
  const lines = arcs.map((arc) => {
    let [x, y] = [0, 0]
    return arc.map(([byX = 0, byY = 0]): Place => {
      x += byX
      y += byY
      return [x * scaleX + left, y * scaleY + bottom]
    })
  })
  const line = (index: number): readonly Place[] =>
    index < 0 ? (lines[~index] ?? []).toReversed() : (lines[index] ?? [])
  const rings = objects.land.geometries.flatMap((geometry) => geometry.arcs.flat())
  return rings.map((ring) => ringPath(ring.flatMap(line))).join('')
}

function ringPath(ring: readonly Place[]): string {
  const places = closed(unbroken(ring))
  const lngs = places.map(([lng]) => lng)
  const shifts = [
    0,
    ...(Math.max(...lngs) > 180 ? [-360] : []),
    ...(Math.min(...lngs) < -180 ? [360] : []),
  ]
  return shifts
    .map((shift) => `M${places.map(([lng, lat]) => point(lng + shift, lat)).join('L')}Z`)
    .join('')
}

/** The date line is no jump: longitudes go on beyond 180. */
function unbroken(ring: readonly Place[]): readonly Place[] {
  let before = ring[0]?.[0] ?? 0
  return ring.map(([lng, lat]): Place => {
    before = lng - Math.round((lng - before) / 360) * 360
    return [before, lat]
  })
}

/** A ring round the pole goes down to the edge of the square, not straight back across the world. */
function closed(ring: readonly Place[]): readonly Place[] {
  const [first, last] = [ring[0], ring.at(-1)]
  if (!first || !last || Math.abs(last[0] - first[0]) < 180) return ring
  const pole = Math.sign(first[1]) * 90
  return [...ring, [last[0], pole], [first[0], pole]]
}

function point(lng: number, lat: number): string {
  const { x, y } = project({ lat, lng })
  return `${Math.round(x * landUnits)} ${Math.round(y * landUnits)}`
}
