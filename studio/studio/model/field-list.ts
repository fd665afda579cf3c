import type { ContributionDetail, DraftState, LayerName } from '../api/definitions.ts'
import { isJsonObject, type JsonObject, sameJson } from './leaf.ts'

export interface ListedField {
  readonly key: string
  readonly label: string
  readonly type: string
  readonly order: number
  readonly layer: LayerName
  readonly plugin: string
  readonly state: DraftState
  readonly isHidden: boolean
  readonly field: JsonObject
}

/** The fields of an entity as its forms have them in order; what the draft takes away stays to see. */
export function listFields(
  detail: Pick<ContributionDetail, 'layer' | 'plugin' | 'published' | 'fieldOrigins' | 'upstream'>,
  definition: JsonObject,
  /** What a published field is called: in the reader's language, the organisation's terms in their places. */
  shownLabel: (key: string) => string | undefined = () => undefined,
): readonly ListedField[] {
  const now = membersOf(definition)
  const published = membersOf(detail.published ?? {})
  const gone = Object.keys(published).filter((key) => !Object.hasOwn(now, key))
  const all = [
    ...Object.keys(now).map((key) => ({ key, isGone: false })),
    ...gone.map((key) => ({ key, isGone: true })),
  ]
  return all
    .map(({ key, isGone }, at): ListedField => {
      const field = objectAt(isGone ? published : now, key)
      const origin = detail.fieldOrigins?.[key]
      const was = published[key]
      const isSame = !isGone && was !== undefined && sameJson(was, field)
      return {
        key,
        label: isSame
          ? (shownLabel(key) ?? labelOf(field, key, shownLabel))
          : labelOf(field, key, shownLabel),
        type: String(field['type'] ?? ''),
        order: typeof field['order'] === 'number' ? field['order'] : 1000 + at,
        layer: origin?.layer ?? detail.layer,
        plugin: origin?.plugin ?? detail.plugin,
        state: isGone ? 'removed' : was === undefined ? 'new' : isSame ? 'same' : 'changed',
        isHidden: field['hidden'] === true,
        field,
      }
    })
    .toSorted((a, b) => a.order - b.order)
}

/** A label with places for terms says little until they are filled. */
function labelOf(
  { label }: JsonObject,
  key: string,
  shownLabel: (key: string) => string | undefined,
): string {
  if (typeof label !== 'string') return shownLabel(key) ?? key
  return label.includes('{') ? (shownLabel(key) ?? label) : label
}

const membersOf = (definition: JsonObject): JsonObject => objectAt(definition, 'fields')

function objectAt(document: JsonObject, key: string): JsonObject {
  const found = document[key]
  return isJsonObject(found) ? found : {}
}
