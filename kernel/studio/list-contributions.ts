import type { Point } from '../manifest/point.ts'
import { type DraftState, definitionsOf, refsOf } from '../model/definitions.ts'
import type { Desk } from '../model/desk.ts'
import { labelOfContribution } from '../model/labels.ts'
import { type LayerOrigin, ownLayer } from '../model/layer.ts'
import { type Words, wordsOf } from '../model/words.ts'
import { problemsOf } from './problems.ts'
import { stateIn } from './states.ts'

export interface ListedContribution {
  readonly ref: string
  readonly key: string
  readonly point: string
  readonly plugin: string
  readonly layer: LayerOrigin
  readonly label: string
  readonly state: DraftState
  /** How many. */
  readonly problems: number
  readonly description?: string
  readonly icon?: string
  readonly color?: number
  readonly order?: number
}

/**
 * What a point has in the draft, and what it has no more.
 *
 * @param q part of a label or a reference.
 */
export function listContributions(
  desk: Desk,
  words: Words,
  point: Point,
  q = '',
): ListedContribution[] {
  const wanted = q.trim().toLowerCase()
  return refsOf(desk, point.name)
    .flatMap((ref) => listed(desk, words, point, ref) ?? [])
    .filter(({ label, ref }) => `${label}\n${ref}`.toLowerCase().includes(wanted))
    .sort((a, b) => (a.order ?? 1000) - (b.order ?? 1000) || (a.ref < b.ref ? -1 : 1))
}

export function listed(
  desk: Desk,
  words: Words,
  point: Point,
  ref: string,
): ListedContribution | null {
  const definitions = definitionsOf(desk, point, ref)
  const definition = definitions?.draft ?? definitions?.published
  if (!definitions || !definition) return null
  const colon = ref.indexOf(':')
  const [plugin, key] = [ref.slice(0, colon), ref.slice(colon + 1)]
  const { description, icon, color, order } = definition
  return {
    ref,
    key,
    point: point.name,
    plugin,
    layer: originOf(desk, plugin),
    label: labelOfContribution(words, point.name, { ref, definition }),
    state: stateIn(desk, point, ref)!,
    problems: problemsOf(desk.after, point.name, ref).length,
    ...(typeof description === 'string' && {
      description: wordsOf(words, plugin, `${point.name}.${key}.description`, description),
    }),
    ...(typeof icon === 'string' && { icon }),
    ...(typeof color === 'number' && { color }),
    ...(typeof order === 'number' && { order }),
  }
}

export function originOf({ after }: Desk, plugin: string): LayerOrigin {
  if (plugin === ownLayer) return 'own'
  return after.stack.find(({ id }) => id === plugin)?.origin ?? 'plugin'
}
