import type { Entity } from '../model/model.ts'
import type { StoredPart } from '../records/storage-columns.ts'

/**
 * Why a record is looked at. `own` is the person's; `about` leads to it, so that its personal fields are
 * about the person; `named` leads to it, or did once, and is about somebody else, so that only what names the
 * person goes; `holder` has a file of the person and nothing else of them.
 */
export type Tie = 'own' | 'about' | 'named' | 'holder'

/** A record as its table has it, deleted or not. */
export interface FoundRecord {
  readonly entity: Entity
  readonly id: string
  readonly tie: Tie
  readonly row: Readonly<Record<string, unknown>>
}

/** The stored value of a part of a field. */
export function partOf(row: FoundRecord['row'], { column, ledgerKey }: StoredPart): unknown {
  if (column !== null) return row[column]
  return (row['custom'] as Record<string, unknown> | null)?.[ledgerKey]
}
