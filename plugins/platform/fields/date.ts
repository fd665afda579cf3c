import { type FieldTypeHandler, isCalendarDay, toInstant } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** A calendar day without a zone: a birthday, a close date. */
export const date: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected a day as text.')
    const day = input.trim()
    if (day === '') return stored(null)
    return isCalendarDay(day)
      ? stored(day)
      : refused('BAD_FORMAT', 'Expected a day such as 2026-03-01.')
  },
  format: ({ main }) => main,
})

/** A moment. Without an offset nobody could tell which, so that is refused. */
export const dateTime: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'string') return refused('WRONG_TYPE', 'Expected a moment as text.')
    const written = input.trim()
    if (written === '') return stored(null)
    const instant = toInstant(written)
    return instant === null
      ? refused('BAD_FORMAT', 'Expected a moment with an offset, such as 2026-03-01T09:30:00Z.')
      : stored(instant)
  },
  format: ({ main }) => main,
})
