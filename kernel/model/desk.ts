import type { Actor } from '@runwaycrm/sdk'
import type { LayerDocument } from './layer-document.ts'
import type { Model } from './model.ts'
import type { OrgRow } from './org-row.ts'

/** Somebody who changed the draft. */
export interface DraftEditor extends Actor {
  /** When they did so last, ISO 8601. */
  readonly at: string
}

/** The own layer of an organisation as it is published and as it is being changed. */
export interface Desk {
  readonly published: OrgRow
  /** The draft; without one, what is published. */
  readonly document: LayerDocument
  /** Nobody when there is no draft. */
  readonly editors: readonly DraftEditor[]
  /** The model beneath the own layer. */
  readonly base: Model
  readonly before: Model
  readonly after: Model
}
