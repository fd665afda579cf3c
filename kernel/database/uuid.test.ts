import { beforeEach, expect, it, vi } from 'vitest'
import { isUuid } from './uuid.ts'

/** Of its own, since it never goes back to an earlier time than it gave. */
let uuidv7: typeof import('./uuid.ts').uuidv7
beforeEach(async () => {
  vi.resetModules()
  ;({ uuidv7 } = await import('./uuid.ts'))
})

it('makes ids of version 7 that carry the time and ascend, also within a millisecond', () => {
  const now = Date.parse('2026-11-22T12:00:00.000Z')
  const ids = Array.from({ length: 10_000 }, () => uuidv7(now))
  expect(new Set(ids).size).toBe(ids.length)
  expect([...ids].sort()).toEqual(ids)
  for (const id of ids.slice(0, 100)) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(isUuid(id)).toBe(true)
  }
  expect(Number.parseInt((ids[0] as string).replaceAll('-', '').slice(0, 12), 16)).toBe(now)
})

it('goes on ascending when the clock goes back', () => {
  const first = uuidv7(Date.parse('2030-01-01'))
  expect(uuidv7(Date.parse('2029-01-01')) > first).toBe(true)
})

it('knows what is no uuid', () => {
  for (const value of ['', 'x', 12, null, `${uuidv7()}0`, uuidv7().slice(1)])
    expect(isUuid(value)).toBe(false)
})
