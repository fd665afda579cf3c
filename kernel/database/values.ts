import pg from 'pg'

/**
 * How values travel between JavaScript and PostgreSQL, both ways as text (bytea parameters as bytes).
 * Out: int8 becomes a number (every bigint of ours is below 2^53), timestamptz an ISO string in UTC with
 * milliseconds, date stays `YYYY-MM-DD`, numeric stays text, jsonb is parsed.
 */
export type Parser = (raw: string) => unknown

const parsers = new Map<number, Parser>([
  [16, (raw) => raw === 't'],
  [17, pg.types.getTypeParser(17, 'text')],
  [20, Number],
  [21, Number],
  [23, Number],
  [26, Number],
  [114, JSON.parse],
  [700, Number],
  [701, Number],
  [1184, instant],
  [3802, JSON.parse],
])

// Arrays of the types above. Text-like arrays need no second step.
const textArray = pg.types.getTypeParser(1009 as number, 'text') as (
  raw: string,
) => (string | null)[]
for (const array of [1009, 1015, 2951, 1182, 1231]) parsers.set(array, textArray)
for (const [array, element] of [
  [1000, 16],
  [1005, 21],
  [1007, 23],
  [1016, 20],
  [1021, 700],
  [1022, 701],
  [1185, 1184],
  [3807, 3802],
] as const) {
  const parse = parsers.get(element) as Parser
  parsers.set(array, (raw) => textArray(raw).map((item) => (item === null ? null : parse(item))))
}

/** The parser for a type; undefined means that the text is the value. */
export function parserOf(typeOid: number): Parser | undefined {
  return parsers.get(typeOid)
}

/** `2026-11-22 12:34:56.7+00` to `2026-11-22T12:34:56.700Z`. */
function instant(raw: string): string {
  const end = raw.length - 3
  if (end < 19 || raw.charCodeAt(10) !== 32 || !raw.endsWith('+00')) return unusualInstant(raw)
  const seconds = `${raw.slice(0, 10)}T${raw.slice(11, 19)}`
  return end === 19
    ? `${seconds}.000Z`
    : `${seconds}.${raw.slice(20, end).padEnd(3, '0').slice(0, 3)}Z`
}

/** Years past 9999 or before our era, and the infinities, which stay as PostgreSQL writes them. */
function unusualInstant(raw: string): string {
  const at = new Date(raw)
  return Number.isNaN(at.getTime()) ? raw : at.toISOString()
}

/**
 * A parameter as PostgreSQL takes it. Objects become JSON, arrays PostgreSQL arrays: a JSON array for a
 * jsonb parameter must be passed as text (`JSON.stringify`).
 */
export function encodeValue(value: unknown): string | Uint8Array | null {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    case 'undefined':
      return null
    case 'object':
      if (value === null) return null
      if (value instanceof Date) return value.toISOString()
      if (value instanceof Uint8Array) return value
      if (Array.isArray(value)) return encodeArray(value)
      return JSON.stringify(value)
    default:
      throw new TypeError(`A ${typeof value} cannot be a parameter of a statement.`)
  }
}

function encodeArray(items: readonly unknown[]): string {
  let text = '{'
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ','
    const item = items[i]
    if (item === null || item === undefined) text += 'NULL'
    else if (Array.isArray(item)) text += encodeArray(item)
    else if (item instanceof Uint8Array) text += `"\\\\x${Buffer.from(item).toString('hex')}"`
    else text += `"${String(encodeValue(item)).replace(/["\\]/g, '\\$&')}"`
  }
  return `${text}}`
}
