import { describe, expect, it } from 'vitest'
import { loadPlugins } from '../../kernel/plugins/load-plugins.ts'

const deployment = await loadPlugins([new URL('../../plugins', import.meta.url).pathname])
const { model } = deployment
const isOurs = (id: string) =>
  id.startsWith('crm.') || ['platform.people', 'platform.tasks', 'platform.views'].includes(id)
const ours = [...deployment.plugins.values()].filter(({ id }) => isOurs(id))

/** API.md, "The CRM's fields": `*` is required, a list in brackets is the options, the first the default. */
const published: Readonly<Record<string, string>> = {
  leads:
    'name*, email, phone, company, title, website, source, status (new contacted qualified unqualified converted), score, notes, campaignId',
  accounts:
    'name*, website, industry, employees, annualRevenue, country, yearEstablished, parentId',
  contacts: 'firstName, lastName*, name, email, phone, title, accountId',
  opportunities:
    'name*, externalId, accountId, contactId, productId, value, stage (prospecting engaging proposal negotiation won lost), probability, engageDate, closeDate, lostReason',
  products: 'name*, series, price, active',
  campaigns: 'name*, type, status, startDate, endDate, budget',
  quotes:
    'name*, number, accountId, contactId, opportunityId, status (draft in_review sent accepted declined expired), validUntil, taxRate, subtotal, tax, total',
  'quote-lines': 'name*, quoteId*, productId, quantity*, unitPrice, discount, total',
  orders:
    'name*, number, accountId, contactId, opportunityId, quoteId, status (open partial fulfilled cancelled), orderedOn, taxRate, subtotal, tax, total',
  'order-lines': 'name*, orderId*, productId, quantity*, unitPrice, discount, total, fulfilled',
  'customer-invoices':
    'name*, number, accountId, contactId, orderId, status (draft issued partial overdue paid void), issuedOn, dueOn, taxRate, subtotal, tax, total, paid, balance',
  'customer-invoice-lines': 'name*, invoiceId*, productId, quantity*, unitPrice, discount, total',
  goals:
    'name*, measure* (won_value deals_won activities), target*, from*, to*, memberId, teamId, status, progress, progressPercent',
  'campaign-members':
    'name, campaignId*, person, email, status (added contacted responded converted declined), respondedAt',
  tickets:
    'subject*, number, status (new open waiting_customer waiting_third_party resolved closed), priority, channel (email phone web chat other), accountId, contactId, email, description, sla (on_track paused breached met), firstResponseDue, firstResponseAt, resolutionDue, resolvedAt, firstResponseBreached, resolutionBreached, escalationLevel',
  'ticket-replies': 'name*, ticketId*, type (email note), state (draft sent), body*, about',
  'knowledge-articles':
    'title*, number, summary, body, category, keywords, state (draft published archived), visibility (internal public), helpful, notHelpful',
  'article-feedback': 'name*, articleId*, helpful*, comment',
  segments: 'name*, description, target, condition, status (active retired), lastCount',
  'consent-purposes': 'name*, key*, description, basis (consent legitimate_interest), active',
  consents: 'name*, purposeId, person, email, state (given withdrawn), at, source, proof',
  'consent-entries': 'name*, consentId, state, at, source, proof, about',
  messages:
    'subject*, direction (outgoing incoming), state (draft sent received bounced failed), to, from, body, purpose, about, thread, messageId, inReplyTo, sentAt, problem',
  activities: 'type* (call email meeting note), subject*, body, dueAt, doneAt, about',
}

describe('the plugins of the CRM', () => {
  it.each(ours.map((plugin) => [plugin.id, plugin] as const))('%s is ready', (_, plugin) => {
    expect(plugin.problems).toEqual([])
    expect(plugin.state).toBe('ready')
  })

  it.each(Object.entries(published))('%s have the published fields', (plural, fields) => {
    const entity = model.entityByPlural.get(plural)!
    for (const text of fields.split(/, (?![^(]*\))/)) {
      const [, name, star, , options] = /^(\w+)(\*?)( \(([^)]+)\))?$/.exec(text)!
      const field = entity.byApiName.get(name!)
      expect(field, `${plural}.${name}`).toBeDefined()
      expect(field!.required, `${plural}.${name}`).toBe(star === '*')
      if (!options) continue
      const keys = options.split(' ')
      expect(Object.keys(field!.definition.options ?? {})).toEqual(keys)
      expect(field!.definition.default).toBe(keys[0])
    }
  })

  it('keep money, days and unique numbers as they are published', () => {
    const kindOf = (plural: string, name: string) =>
      model.entityByPlural.get(plural)!.byApiName.get(name)!
    expect(kindOf('opportunities', 'externalId').unique).toBe(true)
    expect(kindOf('opportunities', 'value').typeDefinition.kind).toBe('currency')
    expect(kindOf('accounts', 'annualRevenue').typeDefinition.kind).toBe('currency')
    expect(kindOf('products', 'price').typeDefinition.kind).toBe('currency')
    expect(kindOf('contacts', 'name').typeDefinition.storage).toBe('computed')
    expect(kindOf('activities', 'about').typeDefinition.kind).toBe('reference')
  })

  it('colour every option, or none of a field', () => {
    for (const entity of model.entities.values()) {
      if (!isOurs(entity.plugin)) continue
      for (const { definition } of entity.fields.values()) {
        const colors = Object.values(definition.options ?? {}).map((option) => option.color)
        expect(new Set(colors.map((color) => color === undefined)).size).toBeLessThan(2)
      }
    }
  })

  it('have pages in the order of the sales day', () => {
    const pages = [...model.pages.values()]
      .filter((page) => page.definition.group === 'records')
      .sort((one, other) => (one.definition.order ?? 0) - (other.definition.order ?? 0))
    expect(pages.map((page) => page.definition.path)).toEqual([
      '/leads',
      '/contacts',
      '/accounts',
      '/opportunities',
      '/quotes',
      '/orders',
      '/customer-invoices',
      '/tickets',
      '/knowledge-articles',
      '/activities',
      '/messages',
      '/campaigns',
      '/segments',
      '/goals',
      '/consents',
      '/forms',
      '/products',
      '/tasks',
      '/approvals',
    ])
  })
})

type Settings = Readonly<Record<string, string>>

interface View {
  readonly entity: string
  readonly kind: string
  readonly columns?: readonly string[]
  readonly calendar?: Settings
  readonly gallery?: Settings
  readonly map?: Settings
  readonly timeline?: Settings
  readonly chart?: Settings
  readonly cardFields?: readonly string[]
  readonly groupBy?: string
  readonly sumField?: string
  readonly sort?: string
  readonly filter?: unknown
}

describe('the views of the CRM', () => {
  const views = [...(model.contributions.get('views')?.values() ?? [])].filter((view) =>
    isOurs(view.plugin),
  )

  it('are several for every entity that has a page', () => {
    const counts = Map.groupBy(views, (view) => (view.definition as View).entity)
    for (const { definition } of model.pages.values()) {
      if (definition.group !== 'records' || !definition.entity) continue
      expect(counts.get(definition.entity!)?.length, definition.path).toBeGreaterThan(2)
    }
  })

  it.each(views.map((view) => [view.ref, view.definition as View] as const))(
    '%s shows, groups and sorts by fields that there are',
    (_, view) => {
      const entity = model.entities.get(view.entity)!
      const names = [
        ...(view.columns ?? []),
        ...namesInSettings(view),
        ...(view.cardFields ?? []),
        ...(view.groupBy ? [view.groupBy] : []),
        ...(view.sumField ? [view.sumField] : []),
        ...(view.sort?.split(',').map((name) => name.replace(/^-/, '')) ?? []),
        ...fieldsIn(view.filter),
      ]
      expect(names.filter((name) => !entity.byApiName.has(name))).toEqual([])
      if (view.kind === 'board') expect(view.groupBy).toBeDefined()
      if (view.groupBy)
        expect(entity.byApiName.get(view.groupBy)!.typeDefinition.groupable).toBe(true)
      for (const name of view.sort?.split(',') ?? [])
        expect(entity.byApiName.get(name.replace(/^-/, ''))!.typeDefinition.sortable).toBe(true)
    },
  )
})

describe('the roles', () => {
  it('take rules from the plugins that know their entities', () => {
    const rules = model.roles.get('platform.people:rep')!.definition.rules
    expect(Object.keys(rules)).toEqual(
      expect.arrayContaining(['claimLeads', 'seeProducts', 'productsStay', 'seeCampaigns']),
    )
  })

  it('have exactly one that counts as admin and one for new members', () => {
    const roles = [...model.roles.values()]
    expect(roles.filter((role) => role.definition.admin).map((role) => role.key)).toEqual(['admin'])
    expect(roles.filter((role) => role.definition.default).map((role) => role.key)).toEqual([
      'editor',
    ])
  })
})

describe('the actions', () => {
  it.each(
    [...model.actions.values()]
      .filter((action) => isOurs(action.plugin))
      .map((action) => [action.ref, action] as const),
  )('%s says what it takes, needs and does', (_, { definition }) => {
    expect(definition.description.length).toBeGreaterThan(40)
    expect(Object.keys(definition.needs ?? {}).length).toBeGreaterThan(0)
    const { properties = {}, additionalProperties } = definition.input as {
      properties?: Record<string, { description?: string }>
      additionalProperties?: boolean
    }
    expect(additionalProperties).toBe(false)
    if (definition.on) expect(Object.keys(properties)).toContain(definition.on.as)
  })
})

/** Of the settings of a kind of view, those that name a field. */
function namesInSettings({ calendar, gallery, map, timeline, chart }: View): string[] {
  return [calendar, gallery, map, timeline, chart].flatMap((settings) =>
    Object.entries(settings ?? {})
      .filter(([key]) =>
        ['date', 'cover', 'place', 'start', 'end', 'by', 'split', 'of'].includes(key),
      )
      .map(([, name]) => name),
  )
}

/** Names of fields in filter JSON. */
function fieldsIn(filter: unknown): string[] {
  if (Array.isArray(filter)) return filter.flatMap(fieldsIn)
  if (typeof filter !== 'object' || filter === null) return []
  return Object.entries(filter).flatMap(([key, value]) =>
    ['$and', '$or', '$not'].includes(key) ? fieldsIn(value) : [key],
  )
}
