import { describe, expect, it } from 'vitest'
import type { JsonSchema } from '../api/model.ts'
import { fieldKind } from './field-kinds.ts'
import { type FormModel, schemaField, schemaLabel } from './schema-field.ts'

const field = (key: string, type: string, more: object = {}) => ({
  ...{ key, apiName: key, type, kind: type, editor: type, display: type, label: `The ${key}` },
  ...more,
})
const lead = {
  ...{ ref: 'crm.leads:lead', plural: 'leads', label: 'Enquiry', labelPlural: 'Enquiries' },
  fields: [
    field('status', 'select', {
      options: [
        { key: 'new', label: 'Neu', color: 3 },
        { key: 'won', label: 'Gewonnen' },
        { key: 'lost', label: 'Verloren' },
      ],
    }),
    field('price', 'currency'),
    field('chance', 'percent'),
    field('phone', 'phone', { readOnly: true, help: 'With the country.' }),
    field('tags', 'tags'),
  ],
}
const user = {
  ref: 'kernel:user',
  plural: 'users',
  label: 'Member',
  labelPlural: 'Members',
  fields: [],
}
const entities = [lead, user]
const model = {
  ...{ model: { entities }, people: user },
  entity: (name: string) =>
    entities.find(({ ref, plural }) => name === ref || name === plural) ?? null,
} as unknown as FormModel

const asked = (schema: JsonSchema, name = 'dueAt') => ({
  name,
  id: `input-${name}`,
  schema,
  isRequired: true,
})
const made = (schema: JsonSchema) => {
  const found = schemaField(asked(schema), model)
  return found && { ...found, is: fieldKind(found) }
}

describe('a member of an input', () => {
  it.each<[JsonSchema, string | null]>([
    [{ type: 'string' }, 'text'],
    [{ type: 'string', maxLength: 2000 }, 'longText'],
    [{ type: 'string', format: 'date-time' }, 'dateTime'],
    [{ type: ['string', 'null'], format: 'date' }, 'date'],
    [{ anyOf: [{ type: 'string', format: 'date-time' }, { type: 'null' }] }, 'dateTime'],
    [{ type: 'integer' }, 'integer'],
    [{ type: 'boolean' }, 'boolean'],
    [{ enum: ['a', 'b'] }, 'select'],
    [{ anyOf: [{ const: 'a' }, { const: 'b' }] }, 'select'],
    [{ type: 'array', items: { enum: ['a'] } }, 'multiSelect'],
    [{ type: 'array', items: { type: 'string' } }, 'lines'],
    [{ type: 'string', 'x-record': 'crm.leads:lead' }, 'relation'],
    [{ type: 'string', 'x-record': 'kernel:user' }, 'user'],
    [{ type: 'array', items: { type: 'string', 'x-record': 'crm.leads:lead' } }, 'relations'],
    // Of an object that this reader does not see.
    [{ type: 'string', 'x-record': 'crm.deals:deal' }, 'text'],
    [{ type: 'object', properties: { entity: {}, id: {} } }, 'reference'],
    [
      { type: 'object', 'x-record': '*', properties: { entity: { enum: ['leads'] }, id: {} } },
      'reference',
    ],
    [{ type: 'object' }, 'json'],
    [{ type: 'object', properties: { from: {}, to: {} } }, null],
    [{ type: 'object', 'x-filter': 'crm.leads:lead' }, null],
    [{ type: 'array', items: { type: 'object', properties: { from: {} } } }, null],
  ])('%j is filled in as %s', (schema, kind) => {
    expect(made(schema)?.is ?? null).toBe(kind)
  })

  it('has the words, the editor and the options of the field that it is like', () => {
    expect(made({ type: 'string', 'x-field': 'crm.leads:lead.phone' })).toMatchObject({
      ...{ is: 'phone', label: 'The phone', help: 'With the country.' },
      ...{ readOnly: false, required: true, apiName: 'input-dueAt' },
    })
    expect(made({ enum: ['won', 'lost'], 'x-field': 'crm.leads:lead.status' })?.options).toEqual([
      { key: 'won', label: 'Gewonnen' },
      { key: 'lost', label: 'Verloren' },
    ])
    expect(made({ type: 'string', 'x-field': 'crm.leads:lead.status' })?.options).toHaveLength(3)
    expect(made({ type: 'number', 'x-field': 'crm.leads:lead.chance' })?.is).toBe('percent')
    // An amount in a record has a currency; here it is a number.
    expect(made({ type: 'number', 'x-field': 'crm.leads:lead.price' })).toMatchObject({
      ...{ is: 'number', label: 'The price' },
    })
    expect(made({ type: 'string', 'x-field': 'crm.leads:lead.tags' })?.is).toBe('text')
    expect(made({ type: 'string', 'x-field': 'crm.gone:gone.x' })).toMatchObject({
      label: 'Due at',
    })
  })

  it('says its own words first, and those of its choices', () => {
    const schema = { enum: ['a', 'b_c'], title: 'How', 'x-words': { a: 'First' } }
    expect(made(schema)?.options?.map(({ label }) => label)).toEqual(['First', 'B c'])
    expect(schemaLabel(asked(schema), model)).toBe('How')
  })

  it('names objects as the organisation does', () => {
    expect(made({ type: 'string', 'x-reference': 'entities' })?.options).toEqual([
      { key: 'leads', label: 'Enquiries' },
      { key: 'users', label: 'Members' },
    ])
  })
})
