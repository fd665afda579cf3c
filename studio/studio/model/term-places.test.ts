import type { EntityInfo } from '@runwaycrm/sdk'
import { expect, it } from 'vitest'
import { readTerms } from './term-places.ts'

const lead = { label: 'Enquiry', labelPlural: 'Enquiries' } as EntityInfo
const entityOf = (ref: string) => (ref === 'crm.leads:lead' ? lead : null)

it.each([
  ['New {crm.leads:lead.plural}', 'New enquiries'],
  ['{Lead.plural} by source', 'Enquiries by source'],
  ['Dear {name}, your {lead}', 'Dear {name}, your enquiry'],
  ['Create {a lead}', 'Create an enquiry'],
  ['{crm.deals:Deal.plural}', '{crm.deals:Deal.plural}'],
  ['Won', 'Won'],
])('%s reads %s', (text, read) => {
  expect(readTerms(text, 'en', 'crm.leads', entityOf)).toBe(read)
})
