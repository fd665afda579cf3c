import { describe, expect, it } from 'vitest'
import { termOperations } from './term-operations.ts'

const lead = {
  ref: 'crm.leads:lead',
  terms: { en: { one: 'Lead', many: 'Leads' }, de: { one: 'Lead', many: 'Leads' } },
}
const yacht = {
  ref: 't:yacht',
  terms: { en: { one: 'Yacht', many: 'Yachts' }, de: { one: 'Yacht', many: 'Yachts' } },
}
const blank = { contributes: {}, overrides: [] }
const german = (name: string) => ['locales', 'de', 'messages', name]

describe('renaming', () => {
  it('changes nothing when nothing was written', () => {
    expect(termOperations([lead, yacht], { [lead.ref]: lead.terms }, blank)).toEqual([])
  })

  it('overrides the label in English and keeps the words of other languages', () => {
    const written = { ...lead.terms, en: { one: 'Patient', many: 'Patients ' } }
    const messages = {
      one: 'crm.leads:entities.lead.label',
      many: 'crm.leads:entities.lead.labelPlural',
    }
    expect(termOperations([lead], { [lead.ref]: written }, blank)).toEqual([
      {
        op: 'set',
        target: 'entities/crm.leads:lead',
        path: ['label'],
        from: 'Lead',
        value: 'Patient',
      },
      {
        op: 'set',
        target: 'entities/crm.leads:lead',
        path: ['labelPlural'],
        from: 'Leads',
        value: 'Patients',
      },
      { op: 'set', path: german(messages.one), from: null, value: 'Lead' },
      { op: 'set', path: german(messages.many), from: null, value: 'Leads' },
    ])
  })

  it('says the word of another language over the plugin’s', () => {
    const written = { ...lead.terms, de: { one: 'Patientin', many: 'Leads' } }
    expect(termOperations([lead], { [lead.ref]: written }, blank)).toEqual([
      { op: 'set', path: german('crm.leads:entities.lead.label'), from: null, value: 'Patientin' },
    ])
  })

  it('names an own entity in the own layer', () => {
    const written = { en: { one: 'Boat', many: 'Yachts' }, de: { one: 'Boot', many: 'Yachts' } }
    expect(termOperations([yacht], { [yacht.ref]: written }, blank)).toEqual([
      { op: 'set', path: ['entities', 'yacht', 'label'], from: 'Yacht', value: 'Boat' },
      { op: 'set', path: german('entities.yacht.label'), from: null, value: 'Boot' },
      { op: 'set', path: german('entities.yacht.labelPlural'), from: null, value: 'Yachts' },
    ])
  })

  it('goes back to the word behind where a field is blank, if it had one of its own', () => {
    const named = {
      contributes: { locales: { de: { messages: { 'crm.leads:entities.lead.label': 'Lead' } } } },
      overrides: [{ target: lead.ref, path: ['label'] }],
    }
    const written = { en: { one: '', many: 'Leads' }, de: { one: '', many: '' } }
    expect(termOperations([lead], { [lead.ref]: written }, named)).toEqual([
      { op: 'unset', target: 'entities/crm.leads:lead', path: ['label'], from: 'Lead' },
      { op: 'unset', path: german('crm.leads:entities.lead.label'), from: 'Lead' },
    ])
    expect(termOperations([lead], { [lead.ref]: written }, blank)).toEqual([])
  })
})
