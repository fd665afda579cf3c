import type { DaySpan } from '../views/day-span.ts'

/** What a dragged bar of a calendar carries. */
export const spanDrag = (entity: string, span: DaySpan): Record<string, unknown> => ({
  spanDrag: { entity, span },
})

export function readSpanDrag(
  data: Readonly<Record<string | symbol, unknown>>,
  entity: string,
): DaySpan | null {
  const drag = data['spanDrag'] as { readonly entity: string; readonly span: DaySpan } | undefined
  return drag?.entity === entity ? drag.span : null
}
