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

/**
 * Land as one SVG path on the square that the world is drawn on, `landUnits` wide. Lakes that are rings
 * within rings are left out by the even-odd rule.
 */
export function landPath({ transform, arcs, objects }: LandTopology): string {
  const [scaleX = 1, scaleY = 1] = transform.scale
  const [left = 0, bottom = 0] = transform.translate
  const lines = arcs.map((arc) => {
    let [x, y] = [0, 0]
    return arc.map(([byX = 0, byY = 0]) => {
      x += byX
      y += byY
      const at = project({ lat: y * scaleY + bottom, lng: x * scaleX + left })
      return `${Math.round(at.x * landUnits)} ${Math.round(at.y * landUnits)}`
    })
  })
  const line = (index: number): readonly string[] =>
    index < 0 ? (lines[~index] ?? []).toReversed() : (lines[index] ?? [])
  const rings = objects.land.geometries.flatMap((geometry) => geometry.arcs.flat())
  return rings.map((ring) => `M${ring.flatMap(line).join('L')}Z`).join('')
}
