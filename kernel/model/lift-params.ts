import { fieldKeyPattern, InvalidError, type Issue } from '@runwaycrm/sdk'
import { placeOf } from '../manifest/problem.ts'
import type { LayerDocument } from './layer-document.ts'
import { type JsonObject, leafAt, type Path, withLeaf } from './leaf.ts'
import { paramKey } from './package-params.ts'

export interface LiftedLayer extends Pick<LayerDocument, 'contributes' | 'overrides'> {
  /** As the manifest of a package has them: name to the JSON Schema of the value. */
  readonly lifted: Readonly<Record<string, object>>
}

/**
 * Takes values that are one organisation's alone out of a layer, and leaves places for those of others.
 *
 * @param params name of the parameter to the place of its leaf: `roles/office/rules/own/condition/office`,
 *   or `overrides/entities/crm.leads:lead/fields/region/default`.
 * @throws InvalidError for names that cannot be, and places at which nothing stands.
 */
export function liftParams(
  { contributes, overrides }: Pick<LayerDocument, 'contributes' | 'overrides'>,
  params: Readonly<Record<string, string>>,
): LiftedLayer {
  const errors: Issue[] = []
  const lifted: Record<string, object> = {}
  let own = contributes as JsonObject
  let others = overrides
  for (const [name, place] of Object.entries(params)) {
    const path = place.split('/')
    const open = { [paramKey]: name }
    const index =
      path[0] === 'overrides' ? others.findIndex((one) => placeOfOverride(one) === place) : -1
    const value = path[0] === 'overrides' ? others[index]?.to : leafAt(own, path)
    if (!new RegExp(fieldKeyPattern).test(name)) {
      const message = 'Names of parameters have letters and digits only.'
      errors.push({ path: placeOf('params', name), code: 'BAD_FORMAT', message })
    } else if (value === undefined || value === null || path.length < 3) {
      const message = `Nothing stands at "${place.slice(0, 200)}".`
      errors.push({ path: placeOf('params', name), code: 'UNKNOWN_RECORD', message })
    } else {
      lifted[name] = { title: titleOf(path), ...schemaOf(value) }
      if (index >= 0) others = others.map((one, i) => (i === index ? { ...one, to: open } : one))
      else own = withLeaf(own, path, open)
    }
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return { contributes: own as LayerDocument['contributes'], overrides: others, lifted }
}

const placeOfOverride = ({ point, target, path }: LayerDocument['overrides'][number]) =>
  ['overrides', point, target, ...path].join('/')

/** What people are asked for: `office of roles/office`. */
function titleOf(path: Path): string {
  const from = path[0] === 'overrides' ? 1 : 0
  return `${path.at(-1)} of ${path.slice(from, from + 2).join('/')}`.slice(0, 120)
}

function schemaOf(value: unknown): object {
  if (Array.isArray(value))
    return { type: 'array', items: value[0] === undefined ? {} : schemaOf(value[0]) }
  return { type: typeof value === 'object' ? 'object' : typeof value }
}
