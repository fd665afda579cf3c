import { describe, expect, it } from 'vitest'
import { manifest } from '../../tests/setup/test-layers.ts'
import { createPointRegistry } from '../model/point-registry.ts'
import { checkContributions, checkEnvelope } from './check-plugin.ts'

const { points } = createPointRegistry([])

function envelope(parts: Record<string, unknown>) {
  return checkEnvelope({ ...manifest('crm.leads'), ...parts }, 'crm.leads')
}

function contributions(contributes: Record<string, unknown>, tier = 'trusted') {
  const parts = { contributes, tier } as Parameters<typeof manifest>[1]
  return checkContributions(manifest('crm.leads', parts), points)
}

const told = (problems: readonly { at: string; message: string }[]) =>
  problems.map(({ at, message }) => `${at}: ${message}`)

describe('checkEnvelope', () => {
  it('accepts a whole manifest', () => {
    expect(envelope({ main: './server.ts', handlers: { score: {} } }).problems).toEqual([])
  })

  it('tells every problem at once, with its place', () => {
    const { manifest, problems } = envelope({ version: '1', tier: 'free', titel: 'x', title: '' })
    expect(manifest).toBeNull()
    expect(told(problems)).toEqual([
      'crm.leads/titel: "titel" is not known here.',
      'crm.leads/version: "1" does not have the right form.',
      'crm.leads/title: This has too little in it: it takes at least 1.',
      'crm.leads/tier: free is not one of the possible values.',
    ])
    expect(problems.at(-1)?.hint).toBe('Use one of declarative, sandboxed, trusted.')
  })

  it.each([
    ['another id than the folder', { id: 'crm.deals' }, 'stands for'],
    ['a contract of the future', { contract: 2 }, 'contract 2'],
    ['code in a declarative plugin', { tier: 'declarative', main: './a.ts' }, 'no code'],
    ['a path out of the folder', { main: '../other/index.ts' }, 'a file of the plugin'],
    ['a URL as main', { main: 'data:text/javascript,1' }, 'a file of the plugin'],
    [
      'keys of a point that reach a prototype',
      { contributes: { constructor: {} } },
      'may not be used',
    ],
  ])('refuses %s', (_name, parts, message) => {
    expect(envelope(parts).problems[0]?.message).toContain(message)
  })

  it.each([null, 1, 'text', [], undefined])('refuses %j without throwing', (document) => {
    expect(checkEnvelope(document, 'crm.leads').problems.length).toBeGreaterThan(0)
  })
})

describe('checkContributions', () => {
  it('refuses a schedule that does not say whose job it runs', () => {
    const schedules = { nightly: { cron: '0 3 * * *', job: 'sweep' } }
    expect(contributions({ schedules }).map(({ at }) => at)).toEqual([
      'crm.leads/schedules/nightly/job',
    ])
  })

  it('names unknown points and the known ones', () => {
    const [problem] = contributions({ screens: { a: {} } })
    expect(problem?.at).toBe('crm.leads/screens')
    expect(problem?.hint).toContain('entities')
  })

  it('refuses keys that are no names of fields', () => {
    const entity = {
      label: 'A',
      labelPlural: 'As',
      plural: 'as',
      titleField: 'name',
      fields: { 'drop table': { type: 'text' } },
    }
    expect(told(contributions({ entities: { a: entity } }))).toEqual([
      'crm.leads/entities/a/fields/drop table: "drop table" is not known here.',
    ])
  })

  it('lets only some tiers contribute code', () => {
    const hook = { entity: 'crm.leads:lead', before: 'create', handler: 'check' }
    expect(contributions({ hooks: { check: hook } })).toEqual([])
    expect(contributions({ hooks: { check: hook } }, 'declarative')[0]?.message).toContain(
      'A declarative plugin may not contribute hooks',
    )
  })

  it.each([
    ['a reference', { $ref: '#/definitions/x' }, '"$ref" is not supported'],
    ['an odd property name', { properties: { 'a-b': {} } }, 'cannot be the name of a property'],
    ['an unknown keyword', { dependencies: {} }, '"dependencies" is not supported'],
    ['an unknown format', { format: 'regex' }, 'format "regex"'],
    ['something that is no schema', { type: 'thing' }, 'not a JSON Schema'],
    ['a broken pattern', { pattern: '(' }, 'not a regular expression'],
    ['a reference deep inside', { items: { anyOf: [{ not: { $id: 'x' } }] } }, '"$id"'],
  ])('refuses %s in a schema that it brings', (_name, schema, message) => {
    const [problem] = contributions({ events: { a: { label: 'A', payload: schema } } })
    expect(problem?.message).toContain(message)
    expect(problem?.at).toContain('crm.leads/events/a/payload')
  })

  it('takes patterns from plugins that the operator installs, and from no others', () => {
    const events = { a: { label: 'A', payload: { pattern: '^a+$' } } }
    expect(contributions({ events })).toEqual([])
    expect(contributions({ events }, 'declarative')[0]?.message).toContain('Patterns are for')
  })
})
