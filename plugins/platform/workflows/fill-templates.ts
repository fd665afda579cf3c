/** What templates and rules may look at. */
export type Scope = Readonly<Record<string, unknown>>

const whole = /^\s*\{\{\s*([^{}]+?)\s*\}\}\s*$/
const part = /\{\{\s*([^{}]+?)\s*\}\}/g

/**
 * Settings with their places filled: `{{ record.name }}` inside a text becomes text, and alone it becomes the
 * value itself, whatever its type. A path is names with dots; what it does not find is null, or nothing in a text.
 * Behind `|` stands what it is turned into: number, text, json, lines.
 */
export function fillTemplates<T>(value: T, scope: Scope): T {
  return fill(value, scope) as T
}

function fill(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return fillText(value, scope)
  if (Array.isArray(value)) return value.map((one) => fill(one, scope))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, fill(one, scope)]))
}

function fillText(text: string, scope: Scope): unknown {
  if (!text.includes('{{')) return text
  const alone = whole.exec(text)
  if (alone) return placeOf(scope, alone[1] as string) ?? null
  return text.replace(part, (_, place: string) => textOf(placeOf(scope, place)))
}

/** Turns a value into another kind: `{{ record.value.amount | number }}`. */
const turns: Readonly<Record<string, (value: unknown) => unknown>> = {
  number: (value) => {
    const number = Number(typeof value === 'string' && value.trim() === '' ? NaN : (value ?? NaN))
    return Number.isFinite(number) ? number : null
  },
  text: textOf,
  json: (value) => JSON.stringify(value ?? null),
  lines: (value) => (Array.isArray(value) ? value.map(textOf).join('\n') : textOf(value)),
}

function placeOf(scope: Scope, place: string): unknown {
  const [path = '', ...names] = place.split('|').map((name) => name.trim())
  let value = valueAt(scope, path)
  for (const name of names) {
    const turn = Object.hasOwn(turns, name) ? turns[name] : undefined
    if (!turn) return undefined
    value = turn(value)
  }
  return value
}

/** The value at a dotted path; only own members are followed. */
export function valueAt(scope: unknown, path: string): unknown {
  let found: unknown = scope
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.map(textOf).join(', ')
  const { amount, currency } = value as { readonly amount?: unknown; readonly currency?: unknown }
  if (typeof amount === 'string') return `${amount} ${currency ?? ''}`.trim()
  return JSON.stringify(value)
}
