import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { formedText } from './formed-text.ts'
import { refused, stored } from './parsed.ts'

/** A time of day without a day and a zone, `09:30`: opening hours, a daily call. */
export const time: FieldTypeHandler = () => timeCodec

/** A month of a year, `2026-03`: budgets, statements. */
export const month: FieldTypeHandler = () => monthCodec

/** A year from 1 to 9999; never grouped like a number. */
export const year: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input !== 'number' || !Number.isInteger(input)) {
      return refused('WRONG_TYPE', 'Expected a year such as 2026.')
    }
    return input >= 1 && input <= 9999
      ? stored(input)
      : refused('OUT_OF_RANGE', 'A year is from 1 to 9999.')
  },
  format: ({ main }) => main,
})

const timeCodec = formedText((text) => {
  const [, hour, minute, half] = /^(\d{1,2}):(\d{2})(?::00)?\s*([ap]m)?$/i.exec(text) ?? []
  if (hour === undefined || Number(minute) > 59) return null
  const isHalf = half !== undefined
  if (isHalf ? Number(hour) < 1 || Number(hour) > 12 : Number(hour) > 23) return null
  const whole = isHalf ? (Number(hour) % 12) + (half.toLowerCase() === 'pm' ? 12 : 0) : Number(hour)
  return `${String(whole).padStart(2, '0')}:${minute}`
}, 'Expected a time of day such as 09:30.')

const monthCodec = formedText(
  (text) => (/^\d{4}-(0[1-9]|1[0-2])$/.test(text) && !text.startsWith('0000') ? text : null),
  'Expected a month such as 2026-03.',
)
