import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from './duration.ts'

describe('durations', () => {
  it('show every unit that is not nothing, and can be read back', () => {
    expect(formatDuration(5400)).toBe('1h 30m')
    expect(formatDuration(0)).toBe('0s')
    for (const seconds of [45, 5400, 93_784, 1_209_600])
      expect(parseDuration(formatDuration(seconds))).toBe(seconds)
  })

  it('are read as the server reads them: a bare number is seconds', () => {
    expect(parseDuration('90')).toBe(90)
    expect(parseDuration('1:30')).toBe(5400)
    expect(parseDuration('1h 30m')).toBe(5400)
    expect(parseDuration('2W')).toBe(1_209_600)
    for (const words of ['soon', '1.5h', '1h later', '1:75', ''])
      expect(parseDuration(words)).toBeNull()
  })
})
