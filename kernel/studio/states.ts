import type { Point } from '../manifest/point.ts'
import { type DraftState, definitionsOf, fieldsOnto, stateOf } from '../model/definitions.ts'
import type { Desk } from '../model/desk.ts'

/**
 * The draft of a contribution against what is published. An entity has changed, too, when a field of the
 * point `fields` came, went or changed on it. Null when neither has it.
 */
export function stateIn(desk: Desk, point: Point, ref: string): DraftState | null {
  const definitions = definitionsOf(desk, point, ref)
  if (!definitions) return null
  const state = stateOf(definitions)
  if (state !== 'same' || point.name !== 'entities' || desk.before === desk.after) return state
  return fieldsChanged(desk, ref) ? 'changed' : 'same'
}

function fieldsChanged({ before, after }: Desk, entity: string): boolean {
  if (before.contributions.get('fields') === after.contributions.get('fields')) return false
  const [was, is] = [fieldsOnto(before, entity), fieldsOnto(after, entity)]
  const known = new Map(was.map((one) => [one.ref, one.definition]))
  return was.length !== is.length || is.some(({ ref, definition }) => known.get(ref) !== definition)
}
