import { kernelPoints, type PointDefinition } from '@runwaycrm/sdk'
import { checkContribution } from '../manifest/check-plugin.ts'
import { createPoint, type Point, type Points } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import type { Layer } from './layer.ts'

export interface PointRegistry {
  readonly points: Points
  readonly problems: readonly Problem[]
}

const ofKernel: Points = new Map(
  Object.entries(kernelPoints).map(([name, point]) => [name, createPoint(name, 'kernel', point)]),
)
const contributed = new WeakMap<object, Point>()

/**
 * The points of the kernel and those that the layers contribute. When two bring the same name, the
 * earlier keeps it.
 *
 * @param layers in folding order.
 */
export function createPointRegistry(layers: readonly Layer[]): PointRegistry {
  const points = new Map(ofKernel)
  const problems: Problem[] = []
  const ofPoints = ofKernel.get('points') as Point
  for (const { id, manifest } of layers) {
    for (const [name, definition] of Object.entries(manifest.contributes?.['points'] ?? {})) {
      const at = placeOf(id, 'points', name)
      // What is wrong with it is told when the layers are folded.
      if (checkContribution(ofPoints, definition, at, manifest.tier).length > 0) continue
      const taken = points.get(name)
      if (!taken) {
        points.set(name, pointOf(name, id, definition as PointDefinition))
        continue
      }
      problems.push({
        at,
        code: 'AMBIGUOUS',
        message: `The point "${name}" is already brought by ${taken.plugin}.`,
        hint: 'Choose another name.',
        notice: true,
      })
    }
  }
  return { points, problems }
}

/** One per definition, so that its validator is compiled once however many models use it. */
function pointOf(name: string, plugin: string, definition: PointDefinition): Point {
  const known = contributed.get(definition)
  if (known?.name === name && known.plugin === plugin) return known
  const point = createPoint(name, plugin, definition)
  contributed.set(definition, point)
  return point
}
