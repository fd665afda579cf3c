import { definitionIn } from '../model/definitions.ts'
import type { Desk, DraftEditor } from '../model/desk.ts'
import { labelOfContribution } from '../model/labels.ts'
import { type LayerChange, layerChanges } from '../model/layer-changes.ts'
import type { LayerDocument } from '../model/layer-document.ts'
import type { JsonObject } from '../model/leaf.ts'
import type { Words } from '../model/words.ts'

export interface ToldChange extends LayerChange {
  readonly label: string
}

/** What the draft changes of what is published. */
export interface DraftChanges {
  /** How many. */
  readonly changed: number
  /** The revision that the draft will follow. */
  readonly revision: number
  readonly editors: readonly DraftEditor[]
  readonly data: readonly ToldChange[]
}

export function listChanges(desk: Desk, words: Words): DraftChanges {
  const { published, document, editors } = desk
  const data = toldChanges(desk, words, published.document, document)
  return { changed: data.length, revision: published.revision, editors, data }
}

/** What one version of the own layer changes of another, on the layers that are beneath it now. */
export function toldChanges(
  { base }: Pick<Desk, 'base'>,
  words: Words,
  before: LayerDocument,
  after: LayerDocument,
): ToldChange[] {
  return layerChanges(before, after, base).map((change) => {
    const { point: name, ref } = change
    const point = base.points.get(name)
    const upstream = (base.contributions.get(name)?.get(ref)?.definition ??
      null) as JsonObject | null
    const definition =
      point &&
      (definitionIn(after, upstream, point, ref) ?? definitionIn(before, upstream, point, ref))
    const label = definition
      ? labelOfContribution(words, name, { ref, definition })
      : ref.slice(ref.indexOf(':') + 1)
    return { ...change, label }
  })
}
