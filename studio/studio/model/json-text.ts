import type { Json, Path } from './leaf.ts'
import { isJsonObject } from './leaf.ts'

/** Objects and lists that fit beside their name stay on one line. */
const lineWidth = 64

/** JSON as people like to read it: short parts on one line. */
export function formatJson(value: Json, indent = ''): string {
  const short = inline(value)
  if (short.length + indent.length <= lineWidth || !isLong(value))
    return indent === '' && isLong(value) ? long(value, indent) : short
  return long(value, indent)
}

const isLong = (value: Json): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0

function long(value: Json, indent: string): string {
  const inner = `${indent}  `
  if (Array.isArray(value))
    return `[\n${value.map((one) => inner + formatJson(one, inner)).join(',\n')}\n${indent}]`
  const lines = Object.entries(value as Readonly<Record<string, Json>>).map(
    ([key, one]) => `${inner}${JSON.stringify(key)}: ${formatJson(one, inner)}`,
  )
  return `{\n${lines.join(',\n')}\n${indent}}`
}

function inline(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const parts = Object.entries(value).map(([key, one]) => `${JSON.stringify(key)}: ${inline(one)}`)
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

export interface TextRange {
  readonly from: number
  readonly to: number
}
export type ReadJson =
  | {
      readonly ok: true
      readonly value: Json
      /** Where each value stands, by its path joined with `/`; `key:` before it for its name. */
      readonly ranges: ReadonlyMap<string, TextRange>
    }
  | { readonly ok: false; readonly at: number }

/** Reads JSON and remembers where each part of it stands, so that a problem is shown at its line. */
export function readJson(text: string): ReadJson {
  const ranges = new Map<string, TextRange>()
  let at = 0
  const skip = (): void => {
    while (/\s/.test(text[at] ?? 'x')) at++
  }
  const fail = (): never => {
    throw new SyntaxError(String(at))
  }
  const take = (character: string): void => {
    skip()
    if (text[at] !== character) fail()
    at++
  }
  function string(): string {
    const found = /^"(?:[^"\\\n]|\\.)*"/.exec(text.slice(at))?.[0]
    if (found === undefined) return fail()
    at += found.length
    return JSON.parse(found) as string
  }
  function members(path: Path): Json {
    const object: Record<string, Json> = Object.create(null)
    take('{')
    skip()
    if (text[at] === '}') {
      at++
      return {}
    }
    for (;;) {
      skip()
      const from = at
      const key = string()
      const below = [...path, key]
      ranges.set(`key:${below.join('/')}`, { from, to: at })
      take(':')
      object[key] = value(below)
      skip()
      if (text[at] !== ',') break
      at++
    }
    take('}')
    return { ...object }
  }
  function items(path: Path): Json {
    const list: Json[] = []
    take('[')
    skip()
    if (text[at] === ']') {
      at++
      return list
    }
    for (;;) {
      list.push(value([...path, String(list.length)]))
      skip()
      if (text[at] !== ',') break
      at++
    }
    take(']')
    return list
  }
  function value(path: Path): Json {
    skip()
    const from = at
    const first = text[at]
    const read = first === '{' ? members(path) : first === '[' ? items(path) : scalar()
    ranges.set(path.join('/'), { from, to: at })
    return read
  }
  function scalar(): Json {
    if (text[at] === '"') return string()
    const found = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(
      text.slice(at),
    )?.[0]
    if (found === undefined) return fail()
    at += found.length
    return JSON.parse(found) as Json
  }
  try {
    const read = value([])
    skip()
    if (at < text.length) fail()
    return { ok: true, value: read, ranges }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { ok: false, at }
  }
}

/** Where a problem at a path is shown: its value, else its name, else the nearest part around it. */
export function rangeOf(read: ReadJson & { readonly ok: true }, path: Path): TextRange {
  for (let length = path.length; length > 0; length--) {
    const key = path.slice(0, length).join('/')
    const found = read.ranges.get(key) ?? read.ranges.get(`key:${key}`)
    if (found) return found
  }
  return { from: 0, to: 1 }
}
