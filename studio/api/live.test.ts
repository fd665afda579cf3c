import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createLive, type Live } from './live.ts'

/** The other end of the wire: what was sent, and a way to answer. */
class Wire {
  static opened: Wire[] = []
  readonly sent: Record<string, unknown>[] = []
  readyState = 0
  onopen?: () => void
  onmessage?: (message: { data: string }) => void
  onclose?: (closing: { code: number }) => void
  readonly url: string
  constructor(url: string) {
    this.url = url
    Wire.opened.push(this)
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }
  close(): void {
    this.readyState = 3
  }
  open(): void {
    this.readyState = 1
    this.onopen?.()
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) })
  }
  drop(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code })
  }
}
const wire = (index: number): Wire => Wire.opened[index] as Wire

let live: Live
beforeEach(() => {
  vi.useFakeTimers()
  Wire.opened = []
  live = createLive({
    open: (url) => new Wire(url) as unknown as WebSocket,
    origin: 'https://crm.example',
    random: () => 0,
    keptMs: 15_000,
  })
})
afterEach(() => {
  live.close()
  vi.useRealTimers()
})

describe('the live connection', () => {
  it('opens with the first subscription and asks for its topics', () => {
    live.subscribe([{ entity: 'leads' }], { onEvent: () => {}, onResync: () => {} })
    expect(wire(0).url).toBe('wss://crm.example/api/v1/live')
    wire(0).open()
    expect(wire(0).sent[0]).toMatchObject({ type: 'subscribe', topics: [{ entity: 'leads' }] })
  })

  it('comes back by itself and resumes behind the last event it saw', () => {
    const seen: string[] = []
    live.subscribe([{ entity: 'leads' }], {
      onEvent: (event) => seen.push(event.id),
      onResync: () => {},
    })
    wire(0).open()
    wire(0).say({ type: 'subscribed', id: '1', cursor: '10' })
    wire(0).say({
      type: 'event',
      subscription: '1',
      seq: '12',
      event: 'record.updated',
      entity: 'leads',
      id: 'a',
      version: 2,
    })
    wire(0).drop()
    vi.advanceTimersByTime(1_000)
    wire(1).open()
    expect(seen).toEqual(['a'])
    expect(wire(1).sent[0]).toMatchObject({ type: 'subscribe', id: '1', cursor: '12' })
  })

  it('loads again and starts afresh when the server no longer knows what was missed', () => {
    const onResync = vi.fn()
    live.subscribe([{ entity: 'leads' }], { onEvent: () => {}, onResync })
    wire(0).open()
    wire(0).say({ type: 'subscribed', id: '1', cursor: '3' })
    wire(0).say({ type: 'resync', id: '1' })
    expect(onResync).toHaveBeenCalledOnce()
    expect(wire(0).sent.at(-1)).not.toHaveProperty('cursor')
  })

  it('tells who else looks to the page that asked, and moves no cursor', () => {
    const onPresence = vi.fn()
    const handlers = { onEvent: vi.fn(), onResync: () => {} }
    live.subscribe([{ entity: 'leads' }], handlers)
    live.subscribe([{ topic: 'presence:leads/a' }], { ...handlers, onPresence })
    wire(0).open()
    wire(0).say({ type: 'subscribed', id: '1', cursor: '3' })
    const others = [{ id: 'u2', name: 'Bob' }]
    wire(0).say({ type: 'event', subscription: '2', event: 'presence', seq: 9, data: { others } })
    expect(onPresence).toHaveBeenCalledWith(others)
    expect(handlers.onEvent).not.toHaveBeenCalled()
    wire(0).drop()
    vi.advanceTimersByTime(1_000)
    wire(1).open()
    expect(wire(1).sent[0]).toMatchObject({ id: '1', cursor: '3' })
  })

  it('goes on from what was loaded before, and tells each subscription what is its own', () => {
    const handlers = () => ({ onEvent: vi.fn(), onResync: vi.fn() })
    const [leads, deals, late] = [handlers(), handlers(), handlers()]
    // The model was read before the lists were.
    live.startFrom('40')
    live.subscribe([{ entity: 'leads' }], leads)
    wire(0).open()
    expect(wire(0).sent[0]).toMatchObject({ id: '1', cursor: '40' })
    const event = { type: 'event', event: 'record.updated', entity: 'leads', id: 'a', version: 2 }
    wire(0).say({ ...event, subscription: '1', seq: 45 })
    vi.advanceTimersByTime(10_000)
    // A list of deals may have been loaded with the page, when the last event was the one of then.
    live.subscribe([{ entity: 'deals' }], deals)
    expect(wire(0).sent.at(-1)).toMatchObject({ id: '2', cursor: '40' })
    wire(0).say({ ...event, subscription: '2', seq: 43, entity: 'deals' })
    expect([leads, deals].map(({ onEvent }) => onEvent.mock.calls.length)).toEqual([1, 1])
    vi.advanceTimersByTime(10_000)
    // What is older than this is asked for again anyway.
    live.subscribe([{ entity: 'contacts' }], late)
    expect(wire(0).sent.at(-1)).toMatchObject({ id: '3', cursor: '45' })
    wire(0).drop()
    vi.advanceTimersByTime(1_000)
    wire(1).open()
    expect(wire(1).sent.slice(0, 3)).toMatchObject([
      { id: '1', cursor: '45' },
      { id: '2', cursor: '43' },
      { id: '3', cursor: '45' },
    ])
    // A server that was restored does not know the number.
    wire(1).say({ type: 'error', id: '3', code: 'BAD_CURSOR', message: '' })
    expect(late.onResync).toHaveBeenCalledOnce()
    expect(wire(1).sent.at(-1)).toMatchObject({ id: '3' })
    expect(wire(1).sent.at(-1)).not.toHaveProperty('cursor')
  })

  it('stays away when the session has ended', () => {
    live.subscribe([{ entity: 'leads' }], { onEvent: () => {}, onResync: () => {} })
    wire(0).open()
    wire(0).drop(4401)
    vi.advanceTimersByTime(60_000)
    expect(Wire.opened).toHaveLength(1)
  })

  it('tells everybody of a new model', () => {
    const onModel = vi.fn()
    live.onModel(onModel)
    wire(0).open()
    wire(0).say({ type: 'model', revision: 7 })
    expect(onModel).toHaveBeenCalledWith(7)
  })
  it('says that a model or an edit of the draft may have been missed, once it is connected again', () => {
    const onModel = vi.fn()
    const onDraft = vi.fn()
    live.onModel(onModel)
    live.subscribe([{ topic: 'studio' }], { onEvent: () => {}, onResync: () => {}, onDraft })
    wire(0).open()
    // Between its first question and now somebody may have edited.
    wire(0).say({ type: 'subscribed', id: '1', cursor: '3' })
    expect(onDraft).toHaveBeenCalledTimes(1)
    expect(onModel).not.toHaveBeenCalled()
    wire(0).drop()
    vi.advanceTimersByTime(1_000)
    wire(1).open()
    wire(1).say({ type: 'subscribed', id: '1', cursor: '3' })
    expect(onDraft).toHaveBeenCalledTimes(2)
    expect(onModel).toHaveBeenCalledExactlyOnceWith(null)
  })
})
