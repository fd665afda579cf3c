import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** Whole seconds, 0 or more. Takes `5400`, `"1h 30m"`, `"1:30"` (hours and minutes) or `"90m"`. */
export const duration: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    if (typeof input === 'string' && input.trim() === '') return stored(null)
    const seconds = typeof input === 'string' ? secondsOf(input.trim().toLowerCase()) : input
    if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
      return refused('BAD_FORMAT', 'Expected seconds, or a text such as "1h 30m".')
    }
    if (!Number.isFinite(seconds) || seconds < 0 || seconds >= 2 ** 53) {
      return refused('OUT_OF_RANGE', 'From 0 to 2^53 seconds.')
    }
    return Number.isInteger(seconds)
      ? stored(seconds === 0 ? 0 : seconds)
      : refused('WRONG_TYPE', 'Expected whole seconds.')
  },
  format: ({ main }) => main,
  text: ({ main }) => durationText(Number(main)),
})

const sizes = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 } as const
type Unit = keyof typeof sizes
const word = /(\d{1,15})\s*([wdhms])\s*/gy

function secondsOf(text: string): number | null {
  if (/^\d{1,16}$/.test(text)) return Number(text)
  const clock = /^(\d{1,9}):([0-5]\d)(?::([0-5]\d))?$/.exec(text)
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)
  let total = 0
  let end = 0
  word.lastIndex = 0
  for (let match = word.exec(text); match; match = word.exec(text)) {
    total += Number(match[1]) * sizes[match[2] as Unit]
    end = word.lastIndex
  }
  return end > 0 && end === text.length ? total : null
}

/** `1d 2h 30m`, `0s`. */
function durationText(seconds: number): string {
  let rest = seconds
  const words = (['d', 'h', 'm', 's'] as const).flatMap((unit) => {
    const count = Math.floor(rest / sizes[unit])
    rest -= count * sizes[unit]
    return count > 0 ? [`${count}${unit}`] : []
  })
  return words.join(' ') || '0s'
}
