import type { Problem } from '../manifest/problem.ts'
import { placeOf } from '../manifest/problem.ts'
import { ownLayer } from './layer.ts'
import { fieldTypesIn, type LayerDocument } from './layer-document.ts'

/** What is wrong with the renamings that are new: without them the values would stay behind. */
export function checkFormerKeys(
  document: LayerDocument,
  previous: LayerDocument,
  published: LayerDocument,
): Problem[] {
  const fields = fieldTypesIn(document)
  const before = fieldTypesIn(published)
  return Object.entries(document.formerKeys ?? {}).flatMap(([was, is]) => {
    if (previous.formerKeys?.[was] === is) return []
    const told = (code: Problem['code'], message: string, hint: string): Problem[] => [
      { at: placeOf(ownLayer, 'formerKeys', was), code, message, hint },
    ]
    const type = before.get(was)
    if (type === undefined)
      return told('UNKNOWN_FIELD', `No field ${was} is published.`, 'Name it by its path.')
    if (!fields.has(is) || parentOf(was) !== parentOf(is))
      return told('UNKNOWN_FIELD', `There is no field ${is} beside it.`, 'Add it in the same edit.')
    if (fields.has(was))
      return told('AMBIGUOUS', `The field ${was} is still there.`, 'Take it away in the same edit.')
    if (before.has(is)) return told('AMBIGUOUS', `The field ${is} has values.`, 'Use another key.')
    if (fields.get(is) !== type)
      return told('WRONG_TYPE', `It was of the type ${type}.`, 'Change the type in another edit.')
    return []
  })
}

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'))
