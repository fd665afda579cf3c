import type { RecordData } from '@runwaycrm/sdk'

/** What a dragged card carries. */
export interface BoardDrag {
  readonly entity: string
  readonly stage: string
  readonly record: RecordData
}

export const dragData = (drag: BoardDrag): Record<string, unknown> => ({ boardDrag: drag })

export function readDrag(data: Readonly<Record<string | symbol, unknown>>): BoardDrag | null {
  return (data['boardDrag'] as BoardDrag | undefined) ?? null
}
