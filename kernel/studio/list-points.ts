import type { PointDefinition } from '@runwaycrm/sdk'
import { refsOf } from '../model/definitions.ts'
import type { Desk } from '../model/desk.ts'
import { type Words, wordsIn, wordsOf } from '../model/words.ts'
import { stateIn } from './states.ts'

/** A contribution point as the studio edits it. */
export interface ListedPoint {
  readonly name: string
  readonly plugin: string
  readonly label: string
  readonly description?: string
  /** JSON Schema of a definition, with `x-override` marks. */
  readonly schema: object
  /** Path pattern to the point that a reference there is found under. */
  readonly references: Readonly<Record<string, string>>
  /** Tiers that may contribute; missing when all may. */
  readonly tiers?: readonly string[]
  readonly count: number
  /** Contributions that differ from what is published, removed ones among them. */
  readonly changed: number
}

/** Every point of the draft's model, the kernel's first. */
export function listPoints(desk: Desk, words: Words): ListedPoint[] {
  return [...desk.after.points.values()].map((point) => {
    const { name, plugin } = point
    const definition = desk.after.contributions.get('points')?.get(`${plugin}:${name}`)
      ?.definition as PointDefinition | undefined
    const said = (key: 'label' | 'description', text: string) =>
      wordsOf(words, plugin, `points.${name}.${key}`, text)
    const states = refsOf(desk, name).map((ref) => stateIn(desk, point, ref))
    return {
      name,
      plugin,
      label: said('label', point.label),
      ...(definition?.description && { description: said('description', definition.description) }),
      schema: wordsIn(words, plugin, `points.${name}.schema`, point.schema),
      references: Object.fromEntries(
        point.references.map(([pattern, target]) => [pattern.join('/'), target]),
      ),
      ...(point.tiers.length < 3 && { tiers: point.tiers }),
      count: states.filter((state) => state !== null && state !== 'removed').length,
      changed: states.filter((state) => state !== null && state !== 'same').length,
    }
  })
}
