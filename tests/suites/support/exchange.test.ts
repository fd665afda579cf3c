import { describe, expect, it } from 'vitest'
import { type Answer, type Exchange, idsIn, leaksIn, plainAnswer, withIds } from './exchange.ts'

const [one, two, three] = [1, 2, 3].map((n) => `00000000-0000-7000-8000-00000000000${n}`) as [
  string,
  string,
  string,
]
const exchange: Exchange = {
  method: 'POST',
  path: `/api/v1/leads/${one}`,
  query: { filter: JSON.stringify({ $or: [{ ownerId: { $in: [two] } }] }) },
  headers: { 'x-id': three },
  body: { deep: [{ about: { id: one } }] },
}
const answer = (body: string, more: Partial<Answer> = {}): Answer => ({
  status: 404,
  headers: { 'content-length': String(body.length) },
  body,
  ...more,
})

describe('what the isolation suites look at', () => {
  it('finds ids in path, query, headers and nested bodies, and replaces them one by one', () => {
    expect(idsIn(exchange)).toEqual([one, two, three, one])
    const changed = withIds(exchange, new Map([[3, two]]))
    expect(changed.path).toBe(exchange.path)
    expect(changed.body).toEqual({ deep: [{ about: { id: two } }] })
  })

  it('takes two answers for one when only the id that was sent and that of the request differ', () => {
    const about = (id: string, request: string) =>
      plainAnswer(answer(`{"detail":"No ${id}","requestId":"${request}"}`), [id])
    expect(about(one, two)).toEqual(about(two, three))
  })

  it.each([
    ['another status', answer('{}', { status: 403 })],
    ['one word more', answer('{"detail":"no such"}')],
    ['another header', answer('{}', { headers: { 'content-length': '2', etag: '"1"' } })],
    ['another length', answer('{}', { headers: { 'content-length': '3' } })],
    ['an id that was not sent', answer(`{"id":"${three}"}`)],
  ])('tells answers apart by %s', (_, other) => {
    expect(plainAnswer(other, [one])).not.toEqual(plainAnswer(answer('{}'), [one]))
  })

  it('sees a canary in a body or a header, in capitals too, unless it was sent', () => {
    const canaries = ['bcanary', two]
    expect(leaksIn(answer('x BCanary x'), canaries, exchange)).toEqual(['bcanary'])
    const header = answer('', { headers: { location: '/bcanary' } })
    expect(leaksIn(header, canaries, exchange)).toEqual(['bcanary'])
    expect(leaksIn(answer(two), canaries, exchange)).toEqual([])
    expect(leaksIn(answer(two), canaries, { ...exchange, query: {} })).toEqual([two])
  })
})
