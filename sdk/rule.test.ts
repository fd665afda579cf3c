import { describe, expect, it } from 'vitest'
import { type RuleWords, readRule } from './rule.ts'

const words: RuleWords = {
  facts: { record: null, change: null, steps: ['find'], org: ['currency'] },
  operators: { change: { $changed: '$exists', $changedTo: '$eq' } },
}
const told = (rule: unknown) =>
  readRule(rule, words).issues.map(
    ({ at, code, message, hint }) => `${at.join('/')} ${code} ${message} ${hint}`,
  )
const leaf = (more: object = {}) => ({
  ...{ fact: 'record', path: 'score', operator: '$gt', value: 1 },
  ...more,
})

describe('a rule', () => {
  it('that can be told has its conditions, wherever they stand', () => {
    const rule = {
      all: [
        leaf(),
        { any: [{ not: leaf({ fact: 'change', operator: '$changedTo', value: null }) }] },
        leaf({ fact: 'steps', path: 'find.output.count', value: '{{ vars.least }}' }),
        leaf({ operator: '$in', value: ['a', null] }),
        leaf({ operator: '$not', value: { $contains: 'x' } }),
        { fact: 'record', operator: '$exists', value: true, name: 'There is one' },
      ],
    }
    const { issues, leaves } = readRule(rule, words)
    expect(issues).toEqual([])
    expect(leaves.map(({ at, path, like }) => `${at.join('/')} ${path} ${like}`)).toEqual([
      'all/0 score $gt',
      'all/1/any/0/not score $eq',
      'all/2 find.output.count $gt',
      'all/3 score $in',
      'all/4 score $not',
      'all/5  $exists',
    ])
    expect(readRule({}, words)).toEqual({ leaves: [], issues: [] })
  })

  it('tells where there is no such fact, place or operator, and which there are', () => {
    expect(told({ all: [leaf({ operator: '$near' })] })).toEqual([
      expect.stringMatching(
        /^all\/0\/operator UNKNOWN_OPTION There is no operator "\$near"\. It is one of: \$eq, .*\$not\.$/,
      ),
    ])
    expect(told(leaf({ fact: 'change', operator: '$became' }))[0]).toMatch(
      /\$changed, \$changedTo\.$/,
    )
    expect(told(leaf({ operator: '$changed', value: true }))[0]).toMatch(
      /^operator UNKNOWN_OPTION "\$changed" asks about "change" alone\./,
    )
    expect(told(leaf({ fact: 'recrod' }))).toEqual([
      'fact UNKNOWN_OPTION There is no "recrod" to ask about. It asks about one of: record, change, steps, org.',
    ])
    expect(told({ not: leaf({ fact: 'steps', path: 'fnd.output' }) })).toEqual([
      'not/path UNKNOWN_FIELD "steps" has no "fnd". Known here: find.',
    ])
    expect(told(leaf({ path: '$.score' }))[0]).toMatch(/^path BAD_FORMAT/)
  })

  it.each([
    ['$in', 'a'],
    ['$nin', [['a']]],
    ['$exists', 'yes'],
    ['$startsWith', 1],
    ['$gt', null],
    ['$lte', true],
    ['$eq', { fact: 'vars', path: 'limit' }],
    ['$not', 'x'],
    ['$not', { $near: 1 }],
  ])('tells that %s does not take %j', (operator, value) => {
    expect(told(leaf({ operator, value }))).toEqual([
      expect.stringMatching(
        /^value WRONG_TYPE \$\w+ takes .*\. Another place is written in braces/,
      ),
    ])
  })

  it('tells what is missing, what is too much and what is no rule', () => {
    expect(told({ fact: 'record', valeu: 1 }).map((one) => one.split(' ', 2).join(' '))).toEqual([
      'valeu UNKNOWN_FIELD',
      'operator REQUIRED',
      'value REQUIRED',
    ])
    expect(told({ all: [], any: [] })).toEqual([
      'any UNKNOWN_FIELD A group "all" has no "any". Known here: all.',
    ])
    expect(told({ all: leaf() })[0]).toMatch(/^all WRONG_TYPE/)
    expect(told({ any: ['x'] })[0]).toMatch(/^any\/0 WRONG_TYPE/)
    expect(told('x')[0]).toMatch(/^ WRONG_TYPE/)
  })
})
