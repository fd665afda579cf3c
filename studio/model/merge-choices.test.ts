import { describe, expect, it } from 'vitest'
import { field } from '../testing/sample-model.ts'
import { mergeChoices, mergeLines } from './merge-choices.ts'

const fields = new Map(
  [
    field('name'),
    field('email'),
    field('same'),
    { ...field('tags'), kind: 'options' as const },
    { ...field('total'), readOnly: true },
    field('ownerId'),
  ].map((one) => [one.apiName, one]),
)
const kept = {
  id: 'a',
  version: 1,
  name: 'Ada',
  email: null,
  same: 1,
  tags: ['x'],
  total: 1,
  ownerId: 'u1',
}
const other = {
  id: 'b',
  version: 1,
  name: 'Ada L.',
  email: 'a@b',
  same: 1,
  tags: ['y'],
  total: 2,
  ownerId: 'u2',
}

describe('two records that become one', () => {
  const lines = mergeLines(fields, kept, other)

  it('are compared in what the kept one may take and in what differs', () => {
    expect(lines.map(({ field: { apiName }, usual }) => [apiName, usual])).toEqual([
      ['name', 'a'],
      ['email', 'b'],
      ['tags', 'both'],
    ])
  })

  it('tell the action only what it would not do by itself', () => {
    expect(mergeChoices(lines, {})).toEqual({})
    expect(mergeChoices(lines, { name: 'b', email: 'b', tags: 'both' })).toEqual({ name: 'b' })
    expect(mergeChoices(lines, { email: 'a', tags: 'b' })).toEqual({ email: 'a', tags: 'b' })
  })
})
