import { NotFoundError } from '@runwaycrm/sdk'
import { definitionIn } from '../model/definitions.ts'
import type { Desk, DraftEditor } from '../model/desk.ts'
import { labelOfContribution } from '../model/labels.ts'
import { type LayerChange, layerChanges } from '../model/layer-changes.ts'
import { emptyDocument, type LayerDocument } from '../model/layer-document.ts'
import type { JsonObject } from '../model/leaf.ts'
import type { Revision, Revisions } from '../model/revisions.ts'
import { wantsSecondPerson } from '../model/second-person.ts'
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
  /** Whether none of them may publish it. */
  readonly secondPerson: boolean
  readonly data: readonly ToldChange[]
}

export function listChanges(desk: Desk, words: Words): DraftChanges {
  const { published, document, editors } = desk
  const data = toldChanges(desk, words, published.document, document)
  const { revision, settings } = published
  const secondPerson = wantsSecondPerson(settings)
  return { changed: data.length, revision, editors, secondPerson, data }
}

/** One revision with what it changed of the one before it. */
export interface RevisionChanges extends Revision {
  readonly changes: readonly ToldChange[]
}

/** @param n whatever stands in an address. @throws NotFoundError */
export async function describeRevision(
  revisions: Pick<Revisions, 'list' | 'document'>,
  desk: Desk,
  words: Words,
  n: string,
): Promise<RevisionChanges> {
  const orgId = desk.published.org.id
  const revision = (await revisions.list(orgId)).find((one) => String(one.revision) === n)
  if (!revision) throw new NotFoundError()
  const [before, after] = await Promise.all([
    revision.revision === 1 ? emptyDocument : revisions.document(orgId, revision.revision - 1),
    revisions.document(orgId, revision.revision),
  ])
  return { ...revision, changes: toldChanges(desk, words, before, after) }
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
    const definition = point
      ? (definitionIn(after, upstream, point, ref) ?? definitionIn(before, upstream, point, ref))
      : null
    return { ...change, label: labelOfContribution(words, name, { ref, definition }) }
  })
}
