import { describe, expect, it } from 'vitest'
import type { Entity } from './model.ts'
import { messageOf, type Words, wordsIn, wordsOf } from './words.ts'

const lead = {
  ref: 'crm.leads:lead',
  plugin: 'crm.leads',
  key: 'lead',
  definition: { label: 'Lead', labelPlural: 'Leads' },
} as Entity

/** @param over own words, as a layer of the organisation says them over a plugin's. */
function wordsFor(locale: string, over: Record<string, string> = {}, label = 'Lead'): Words {
  const renamed = { ...lead, definition: { ...lead.definition, label } } as Entity
  return {
    org: { locale },
    model: {
      entities: new Map([[lead.ref, renamed]]),
      messages: new Map([
        ['en', { 'crm.leads:entities.lead.label': 'Lead', 'crm.leads:views.open': 'Open {lead}' }],
        [
          'de',
          {
            'crm.leads:entities.lead.label': 'Lead',
            'crm.leads:views.open': '{Lead} offen',
            'crm.leads:hello': 'Hallo {name}, {lead}',
            ...Object.fromEntries(Object.entries(over).map(([key, text]) => [`=${key}`, text])),
          },
        ],
      ]),
    },
  }
}
const open = (words: Words, text = 'Open {lead}') => wordsOf(words, 'crm.leads', 'views.open', text)

describe('a text of a plugin', () => {
  it('is translated, with the term of that language in it', () => {
    expect(open(wordsFor('en'))).toBe('Open lead')
    expect(open(wordsFor('de-CH'))).toBe('Lead offen')
    const named = { 'crm.leads:entities.lead.label': 'Patientin' }
    expect(open(wordsFor('de-CH', named))).toBe('Patientin offen')
  })

  it('that somebody changed is nobody’s translation; own words stand over both', () => {
    expect(open(wordsFor('de'), 'Waiting {lead}')).toBe('Waiting Lead')
    expect(open(wordsFor('de', {}, 'Patient'))).toBe('Patient offen')
    const own = { 'crm.leads:views.open': 'Wartet' }
    expect(open(wordsFor('de', own), 'Waiting {lead}')).toBe('Wartet')
  })

  it('takes values as they are, whatever braces they have', () => {
    const say = (words: Words) => messageOf(words, 'crm.leads', 'hello', { name: '{lead}' })
    expect(say(wordsFor('de'))).toBe('Hallo {lead}, Lead')
    expect(say(wordsFor('en'))).toBe('hello')
  })
})

describe('the texts of a schema', () => {
  const schema = {
    title: 'Score of {a lead}',
    properties: {
      kind: { enum: ['{lead}'], default: '{lead}', const: '{lead}' },
      n: { minimum: 1 },
    },
    anyOf: [{ description: 'One {lead}' }],
  }
  const read = (words: Words) => wordsIn(words, 'crm.leads', 'settings.x.schema', schema)

  it('are read, its values are not, and what has no texts stays the same object', () => {
    const words = wordsFor('en')
    expect(read(words)).toEqual({
      ...schema,
      title: 'Score of a lead',
      anyOf: [{ description: 'One lead' }],
    })
    expect(read(words).properties).toBe(schema.properties)
    expect(read(words)).toBe(read(words))
  })

  it('are those of its choices, too, in the reader’s language, whatever the choices are called', () => {
    const kind = { enum: ['default', 'own'], 'x-words': { default: 'As usual', own: '{Lead}' } }
    const words = wordsFor('de', { 'crm.leads:actions.x.input.x-words.default': 'Wie üblich' })
    expect(wordsIn(words, 'crm.leads', 'actions.x.input', kind)).toEqual({
      enum: ['default', 'own'],
      'x-words': { default: 'Wie üblich', own: 'Lead' },
    })
  })
})
