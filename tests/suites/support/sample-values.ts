import type { Entity, Field, Model } from '../../../kernel/model/model.ts'

/** What the made-up values of one organisation are put together from, so that they tell whose they are. */
export interface ValueSource {
  /** Lower-case letters and digits; stands in every text. */
  readonly token: string
  /** Nine digits; every big number and every phone number begins with it. */
  readonly digits: string
  /** Rises with every value, so that unique fields stay unique. */
  count(): number
  /** The id of a record that a relation may point to; null leaves the field out. */
  target(entity: string): string | null
}

/** Values that no field type can know: what a field means to the kernel or to its plugin. */
const particular: Readonly<Record<string, (source: ValueSource) => unknown>> = {
  'kernel:user.active': () => true,
  'kernel:user.roles': () => ['platform.people:viewer'],
  // So many lines come to one document that their sum would be more than a field keeps.
  'crm.quotes:quote_line.quantity': () => 0.0001,
  'crm.orders:order_line.quantity': () => 0.0001,
  'crm.invoices:invoice_line.quantity': () => 0.0001,
  // A goal ends after it begins, and nobody is in a campaign twice.
  'crm.goals:goal.from': () => '2026-01-01',
  'crm.goals:goal.to': () => '2026-12-31',
  'crm.campaigns:campaign_member.person': () => null,
  'platform.dashboards:dashboard.body': ({ token }) => ({
    tiles: { one: { label: token, kind: 'kpi', entity: 'crm.leads:lead' } },
  }),
  'integrations.webhooks:endpoint.events': () => ['record.created crm.goals:goal'],
  'platform.views:saved_view.entityRef': () => 'crm.leads:lead',
  // A locked one is neither changed nor deleted.
  'platform.views:saved_view.locked': () => false,
  'platform.views:saved_view.body': ({ token }) => ({
    kind: 'table',
    columns: ['name'],
    description: token,
  }),
}

/** A counter that always has the same length, so that two answers which differ in it alone are as long. */
export const counterText = (count: number) => `zz${String(count % 100_000).padStart(5, '0')}`

/**
 * A valid value for every field that can be written through the API, by API name.
 *
 * @throws for a field type that it does not know: give it a value here.
 */
export function sampleValues(
  entity: Entity,
  model: Model,
  source: ValueSource,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const field of writableFields(entity)) {
    const value = sampleValue(entity, field, model, source)
    if (value !== null) values[field.apiName] = value
  }
  return values
}

/** How a path and `expand` name a relation: `account` for `accountId`, `contacts` for `contactIds`. */
export function relationName({ apiName, key, typeDefinition }: Field): string {
  return typeDefinition.kind === 'relations' ? key : apiName.slice(0, -'Id'.length)
}

/** Fields that a person writes: the owner is one, computed and read-only ones are not. */
export function writableFields(entity: Entity): Field[] {
  return [...entity.byApiName.values()].filter(
    (field) => !field.readOnly && field.apiName !== 'ownerId',
  )
}

export function sampleValue(
  entity: Entity,
  field: Field,
  model: Model,
  source: ValueSource,
): unknown {
  const own = particular[`${entity.ref}.${field.key}`]
  if (own) return own(source)
  const formed = formedValue(field, source)
  if (formed !== undefined) return formed
  const { token, digits } = source
  const count = source.count()
  const { min = 0, max = field.type === 'platform.fields:rating' ? 5 : undefined } =
    field.definition
  switch (field.typeDefinition.kind) {
    case 'text':
      return textValue(field, source, count)
    case 'number':
      return max === undefined ? Number(`${digits}${count % 100}`) : min + (count % (max - min + 1))
    case 'currency':
      return { amount: `${digits}.${String(count % 100).padStart(2, '0')}`, currency: 'EUR' }
    case 'boolean':
      return count % 2 === 0
    case 'date':
      return `2026-0${1 + (count % 9)}-1${count % 10}`
    case 'dateTime':
      return `2026-0${1 + (count % 9)}-1${count % 10}T10:00:00.000Z`
    case 'option':
      return Object.keys(field.definition.options ?? {})[0] ?? null
    case 'options':
      return field.definition.options ? Object.keys(field.definition.options).slice(0, 2) : [token]
    case 'relation':
    case 'user':
      return field.target === null ? null : source.target(field.target)
    case 'relations': {
      const id = field.target === null ? null : source.target(field.target)
      return id === null ? null : [id]
    }
    case 'reference': {
      for (const target of model.entities.values()) {
        const id = target.ref === entity.ref ? null : source.target(target.ref)
        if (id !== null) return { entity: target.plural, id }
      }
      return null
    }
    case 'json':
      return { note: token }
    case 'composite': {
      const { examples } = field.typeDefinition.value as { examples?: readonly unknown[] }
      return examples?.[0] ?? null
    }
    default:
      throw new Error(`${entity.ref}.${field.key}: no sample value for the type ${field.type}.`)
  }
}

/** Texts and numbers of one form, and values of parts: no made-up words fit into them. */
function formedValue(field: Field, { token }: ValueSource): unknown {
  const { kind, value } = field.typeDefinition
  switch (field.type) {
    case 'platform.fields:personName':
      return { first: 'Ann', last: token }
    case 'platform.fields:address':
      return { street: token, city: 'Oslo', country: 'NO' }
    case 'platform.fields:richText':
      return `<p>${token}</p>`
    case 'platform.fields:domain':
      return `${token}.example`
    case 'platform.fields:sku':
      return token.toUpperCase()
    case 'platform.fields:emails':
      return [`${token}@example.test`]
    case 'platform.fields:keyValue':
      return { note: token }
    case 'platform.fields:checklist':
      return [{ text: token, done: false }]
  }
  // What a file says of itself belongs to the suite of files.
  if (kind === 'file' || kind === 'files') return null
  const free =
    /:(?:text|longText|code|email|phone|url|tags|multiSelect|select|number|integer|percent|rating|autoNumber|json|template)$/
  const isFormed = field.type.startsWith('platform.fields:') && !free.test(field.type)
  const plain = ['text', 'number', 'options', 'composite', 'json']
  if (!isFormed || !plain.includes(kind ?? '')) return undefined
  return (value as { readonly examples?: readonly unknown[] }).examples?.[0]
}

function textValue(field: Field, { token, digits }: ValueSource, count: number): string {
  const name = counterText(count)
  switch (field.type) {
    case 'platform.fields:email':
      return `${token}.${name}@example.test`
    case 'platform.fields:phone':
      return `+49${digits}${String(count % 100).padStart(2, '0')}`
    case 'platform.fields:url':
      return `https://${token}.example.test/${name}`
    default:
      return `${token} ${name} ${field.key}`.slice(0, field.definition.maxLength ?? 500)
  }
}
