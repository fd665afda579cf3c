import { describe, expect, it } from 'vitest'
import { couldRead, fillTerms, plainTerms } from './fill-terms.ts'

const terms: Readonly<Record<string, { one: string; many: string }>> = {
  'crm.leads:lead': { one: 'Inquiry', many: 'Inquiries' },
  'own:unit': { one: 'Unit', many: 'Units' },
  'own:key': { one: 'API key', many: 'API keys' },
}
const fill = (text: string, language = 'en') =>
  fillTerms(text, language, (plugin, key) => terms[`${plugin ?? 'own'}:${key}`] ?? null)

describe('terms in a text', () => {
  it.each([
    ['Open {crm.leads:lead.plural}', 'Open inquiries'],
    ['{crm.leads:Lead.plural} by source', 'Inquiries by source'],
    ['Convert {a crm.leads:lead} or {a unit}', 'Convert an inquiry or a unit'],
    ['{A crm.leads:lead} that waits', 'An inquiry that waits'],
    ['New {key}', 'New API key'],
  ])('%s reads %s', (text, read) => expect(fill(text)).toBe(read))

  it('are capital everywhere in German, without an article', () => {
    expect(fill('Alle {crm.leads:lead.plural}, {a unit}', 'de')).toBe('Alle Inquiries, Unit')
  })

  it('leave other braces alone and name a missing entity by its key', () => {
    expect(fill('{name} {count} {"status": "new"}')).toBe('{name} {count} {"status": "new"}')
    expect(fill('All {crm.gone:quote_line.plural}')).toBe('All quote lines')
    expect(plainTerms('{crm.accounts:Account}')).toBe('Account')
  })

  it('are not read again: a term with braces stays as it is', () => {
    expect(fillTerms('{unit}', 'en', () => ({ one: '{key}', many: '' }))).toBe('{key}')
  })

  it.each([
    ['Open {lead.plural} of {unit}', 'Open patients of ward', true],
    ['Open {lead.plural} of {unit}', 'Shut patients of ward', false],
    ['{lead} {lead}', ' ', true],
    ['ab{lead}ba', 'aba', false],
    ['Open', 'Open', true],
    ['Open', 'Opens', false],
  ])('%s could read %s: %s', (text, seen, could) => expect(couldRead(text, seen)).toBe(could))
})
