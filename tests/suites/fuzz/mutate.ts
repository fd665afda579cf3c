/** A member of an object or list somewhere inside a value. */
export interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** Every place in a value, the value itself not among them. */
export function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])])
}

/** Objects, not lists, in a value; itself first. */
export function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.values(value).flatMap(objectsIn)
  return Array.isArray(value) ? inner : [value as Record<string, unknown>, ...inner]
}

/** Sets an own member whatever it is called. */
export function define(holder: object, key: string, value: unknown): void {
  const shape = { value, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(holder, key, shape)
}

/** Replaces what is at one place of a copy; the value itself when it has no places. */
export function replaceAt(value: unknown, at: number, by: (former: unknown) => unknown): unknown {
  const copy = structuredClone(value)
  const places = placesIn(copy)
  const place = places[at % places.length]
  if (!place) return by(value)
  define(place.holder, place.key, by(place.holder[place.key]))
  return copy
}

export function nest(value: unknown, levels: number, key: string): unknown {
  let nested = value
  for (let i = 0; i < levels; i++) nested = key === '' ? [nested] : { [key]: nested }
  return nested
}
