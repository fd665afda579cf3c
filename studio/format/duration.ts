const sizes = { w: 604_800, d: 86_400, h: 3_600, m: 60, s: 1 } as const
type Unit = keyof typeof sizes
const word = /(\d{1,15})\s*([wdhms])\s*/gy

/**
 * Reads a duration as the server does: `90` is seconds, `1:30` hours and minutes, `1h 30m`, `2w`.
 * @returns whole seconds, or null when it is none of these.
 */
export function parseDuration(text: string): number | null {
  const words = text.trim().toLowerCase()
  const seconds = secondsOf(words)
  return seconds !== null && seconds < 2 ** 53 ? seconds : null
}

function secondsOf(words: string): number | null {
  if (/^\d{1,16}$/.test(words)) return Number(words)
  const clock = /^(\d{1,9}):([0-5]\d)(?::([0-5]\d))?$/.exec(words)
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3] ?? 0)
  let total = 0
  let end = 0
  word.lastIndex = 0
  for (let match = word.exec(words); match; match = word.exec(words)) {
    total += Number(match[1]) * sizes[match[2] as Unit]
    end = word.lastIndex
  }
  return end > 0 && end === words.length ? total : null
}

/**
 * `1h 30m`, `45s`, with nothing left out, so that it can be read back.
 * @param seconds whole, as the server keeps them; averages are rounded.
 */
export function formatDuration(seconds: number): string {
  let rest = Math.abs(Math.round(seconds))
  const words = (['d', 'h', 'm', 's'] as const).flatMap((unit) => {
    const count = Math.floor(rest / sizes[unit])
    rest -= count * sizes[unit]
    return count > 0 ? [`${count}${unit}`] : []
  })
  return (seconds < 0 ? '-' : '') + (words.join(' ') || '0s')
}
