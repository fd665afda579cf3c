/** A value of parts as one line: a name, a place, a file, a list of those. */
export function joinedText(value: unknown): string {
  if (value === null || value === undefined) return ''
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return value.map(joinedText).filter(Boolean).join('; ')
  const parts = value as Readonly<Record<string, unknown>>
  if (typeof parts['name'] === 'string') return parts['name']
  const shape = shapes.find(({ key }) => key in parts)
  if (!shape) return JSON.stringify(value)
  return shape.order
    .map((name) => joinedText(parts[name]))
    .filter(Boolean)
    .join(shape.by)
}

const shapes = [
  { key: 'amount', order: ['amount', 'currency'], by: ' ' },
  { key: 'last', order: ['prefix', 'first', 'middle', 'last', 'suffix'], by: ' ' },
  { key: 'street', order: ['street', 'postalCode', 'city', 'region', 'country'], by: ', ' },
  { key: 'lat', order: ['lat', 'lng'], by: ', ' },
  { key: 'from', order: ['from', 'to'], by: ' – ' },
] as const
