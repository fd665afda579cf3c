import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createToasts } from './use-toasts.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const texts = (toasts: ReturnType<typeof createToasts>) => toasts.list.value.map(({ text }) => text)

it('a notice leaves by itself, but not while somebody points at it', () => {
  const toasts = createToasts()
  const held = toasts.show({ text: 'held' })
  toasts.show({ text: 'left' })
  toasts.show({ text: 'lasting', isLasting: true })
  toasts.hold(held)
  vi.runAllTimers()
  expect(texts(toasts)).toEqual(['held', 'lasting'])
  toasts.release(held)
  expect(texts(toasts)).toEqual(['held', 'lasting'])
  vi.runAllTimers()
  expect(texts(toasts)).toEqual(['lasting'])
})

it('what was dismissed is not waited for', () => {
  const toasts = createToasts()
  const id = toasts.show({ text: 'gone' })
  toasts.dismiss(id)
  toasts.release(id)
  expect([texts(toasts), vi.getTimerCount()]).toEqual([[], 0])
})
