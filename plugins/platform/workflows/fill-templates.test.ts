import { describe, expect, it } from 'vitest'
import { fillTemplates, valueAt } from './fill-templates.ts'

const scope = {
  record: { name: 'Ada', score: 82, tags: ['vip'], value: { amount: '12.50', currency: 'EUR' } },
  steps: { find: { output: { count: 0 } } },
}

describe('places in settings', () => {
  it('become the value itself where they stand alone, whatever its type', () => {
    expect(fillTemplates({ a: '{{ record.score }}', b: ['{{record.tags}}'] }, scope)).toEqual({
      a: 82,
      b: [['vip']],
    })
    expect(fillTemplates('{{ steps.find.output.count }}', scope)).toBe(0)
  })

  it('become text inside of text, money with its currency and nothing for what is not there', () => {
    expect(fillTemplates('{{ record.name }}: {{ record.value }}{{ record.phone }}.', scope)).toBe(
      'Ada: 12.50 EUR.',
    )
    expect(fillTemplates('{{ record.phone }}', scope)).toBeNull()
  })

  it('are turned into another kind behind a bar', () => {
    expect(fillTemplates('{{ record.value.amount | number }}', scope)).toBe(12.5)
    expect(fillTemplates('{{ record.name | number }}', scope)).toBeNull()
    expect(fillTemplates('{{ record.tags | json }}', scope)).toBe('["vip"]')
    expect(fillTemplates('{{ lines | lines }}', { lines: ['a', 'b'] })).toBe('a\nb')
    expect(fillTemplates('{{ record.name | constructor }}', scope)).toBeNull()
  })

  it('follow own members and nothing else', () => {
    expect(valueAt(scope, 'record.constructor')).toBeUndefined()
    expect(valueAt(scope, '__proto__.polluted')).toBeUndefined()
    expect(fillTemplates('{{ record.name.length }}', scope)).toBeNull()
    expect(fillTemplates('{{ 1 + 1 }}{{{}}}', scope)).toBe('{{{}}}')
  })

  it('are not looked for in what came out of them', () => {
    const inner = { record: { name: '{{ record.secret }}', secret: 'x' } }
    expect(fillTemplates('Hi {{ record.name }}', inner)).toBe('Hi {{ record.secret }}')
  })
})
