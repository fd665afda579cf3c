import type { ApiIssue } from '../../api/api-error.ts'
import type { ContributionDetail } from '../api/definitions.ts'
import type { Path } from './leaf.ts'

/**
 * Where in a shown definition a problem of the server belongs. Its path begins with the layer or with
 * `overrides`, then point and key or reference.
 *
 * @returns null when it is about something else.
 */
export function issuePlace(
  { path }: Pick<ApiIssue, 'path'>,
  detail: Pick<ContributionDetail, 'point' | 'ref' | 'key' | 'fieldOrigins'>,
): Path | null {
  const found = below(path, detail.point, detail.ref, detail.key)
  if (found) return found
  for (const [field, origin] of Object.entries(detail.fieldOrigins ?? {})) {
    const key = origin.ref.slice(origin.ref.indexOf(':') + 1)
    const inside = below(path, origin.point, origin.ref, key)
    if (!inside) continue
    const isInField = origin.path.every((step, at) => step === inside[at])
    return ['fields', field, ...(isInField ? inside.slice(origin.path.length) : [])]
  }
  return null
}

function below(text: string, point: string, ref: string, key: string): Path | null {
  for (const head of [`${point}/${ref}`, `${point}/${key}`, ref]) {
    const at = text.indexOf(head)
    if (at < 0 || (at > 0 && text[at - 1] !== '/')) continue
    const rest = text.slice(at + head.length)
    if (rest === '') return []
    if (rest.startsWith('/')) return rest.slice(1).split('/')
  }
  return null
}
