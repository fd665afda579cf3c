import { describe, expect, it } from 'vitest'
import { composeModel } from '../../kernel/model/compose-model.ts'
import { loadPlugins } from '../../kernel/plugins/load-plugins.ts'
import { orgLayer } from '../setup/test-layers.ts'

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

/** What a form is drawn from, and an answer is read by. */
interface Said {
  readonly title?: string
  readonly enum?: readonly string[]
  readonly format?: string
  readonly properties?: Readonly<Record<string, Said>>
  readonly items?: Said
  readonly additionalProperties?: boolean | Said
  readonly 'x-field'?: string
  readonly 'x-filter'?: string
  readonly 'x-words'?: Readonly<Record<string, string>>
  readonly 'x-record'?: string
  readonly 'x-reference'?: string
}

interface Part {
  /** A list's items and a map's values are drawn under the name of the list or map. */
  readonly isNamed: boolean
  readonly path: string
  readonly schema: Said
  readonly around: Said
  /** The nearest object with named members: what stands beside it. */
  readonly form: Said
}

describe('the forms of actions and settings and the answers of actions, of every plugin', () => {
  const inputs = [...model.actions.values()].flatMap(({ ref, definition }) => {
    const chosen = `${ref}.${definition.on?.as}`
    const all = partsOf(definition.input as Said, ref)
    return all.filter(({ path }) => path !== chosen && !path.startsWith(`${chosen}.`))
  })
  const settings = [...(model.contributions.get('settings')?.values() ?? [])].flatMap((one) =>
    partsOf((one.definition as { readonly schema: Said }).schema, one.ref),
  )
  const outputs = [...model.actions.values()].flatMap(({ ref, definition }) =>
    partsOf(definition.output as Said, ref),
  )
  const parts = [...inputs, ...settings, ...outputs]
  const pathsOf = (isWrong: (part: Part) => boolean, of: readonly Part[] = parts) =>
    of
      .filter(isWrong)
      .map(({ path }) => path)
      .sort()
  const fieldOf = (name: string) => {
    const dot = name.lastIndexOf('.')
    const fields = model.entities.get(name.slice(0, dot))?.byApiName.values() ?? []
    // What every record has counts, too: its owner, when it was changed.
    return [...fields].find(({ key }) => key === name.slice(dot + 1))
  }

  it('say how each value is called', () => {
    expect(inputs.length).toBeGreaterThan(200)
    expect(outputs.length).toBeGreaterThan(500)
    expect(
      pathsOf(({ isNamed, schema }) => isNamed && !schema.title && !schema['x-field']),
    ).toEqual([])
  })

  it('name fields, entities and points that there are', () => {
    const isOf = (name: string, form: Said): boolean =>
      model.entities.has(name) || form.properties?.[name]?.['x-reference'] === 'entities'
    const isKnown = ({ schema, around, form }: Part) => {
      const { 'x-field': field, 'x-filter': filtered } = schema
      const { 'x-record': record, 'x-reference': point } = schema
      const isAny = record === '*' && Object.keys(schema.properties ?? {}).join() === 'entity,id'
      return (
        (field === undefined || fieldOf(field) !== undefined) &&
        // Of an entity, or of the one that another value names.
        (filtered === undefined || isOf(filtered, form)) &&
        (record === undefined || isAny || isOf(record, form)) &&
        (point === undefined || model.points.has(point)) &&
        // Any record may be one of some entities, by plural or reference.
        (around['x-record'] !== '*' || (schema.enum ?? []).every(isEntity))
      )
    }
    const isEntity = (name: string) => model.entities.has(name) || model.entityByPlural.has(name)
    expect(pathsOf((part) => !isKnown(part))).toEqual([])
  })

  it('have a word for every choice', () => {
    const words = ({ 'x-words': own, 'x-field': field = '' }: Said) =>
      own ?? fieldOf(field)?.definition.options ?? {}
    const isMute = ({ schema, around }: Part) =>
      around['x-record'] !== '*' && (schema.enum ?? []).some((one) => !(one in words(schema)))
    expect(pathsOf(isMute)).toEqual([])
    const isIdle = ({ schema }: Part) =>
      Object.keys(schema['x-words'] ?? {}).some((one) => !schema.enum?.includes(one))
    expect(pathsOf(isIdle)).toEqual([])
  })

  it('let one choose a record wherever there is an id', () => {
    const isTyped = ({ schema, around }: Part) =>
      schema.format === 'uuid' && !schema['x-record'] && around['x-record'] !== '*'
    expect(pathsOf(isTyped, [...inputs, ...settings])).toEqual([
      'platform.duplicates:merge_records.choices.additionalProperties',
    ])
  })

  it('say of which object an id in an answer is, so that the name of the record is read', () => {
    const isId = (path: string) => /(\.id|Ids?)$/.test(path)
    const isMute = ({ path, schema, around }: Part) =>
      isId(path) && !(schema.items ?? schema)['x-record'] && around['x-record'] !== '*'
    // Of an object that is known at run time only; what the record is called stands beside.
    const titled = [
      'crm.segments:preview_segment.examples.items.id',
      'crm.segments:segment_members.data.items.id',
      'platform.duplicates:find_duplicates.groups.items.records.items.id',
      'platform.duplicates:merge_records.id',
    ]
    // A change and a job are no records.
    const others = ['platform.workflows:undo.changeSetId', 'platform.workflows:undo.jobId']
    expect(pathsOf(isMute, outputs)).toEqual([...titled, ...others])
  })

  it.each([
    ['leads', []],
    ['{{ record.entity }}', []],
    ['crm.leads:lead', []],
    ['crm.leads:nothing', ['t/workflows/w/steps/merge/settings/input/entity']],
  ])('take %s for an object in a step of a workflow, too', (entity, wrong) => {
    const id = '0198c0de-0000-7000-8000-000000000001'
    const input = { entity, keepId: id, otherIds: [id] }
    const settings = { action: 'platform.duplicates:merge_records', input }
    const merge = { type: 'platform.workflows:action', settings }
    const manual = { type: 'platform.workflows:manual', settings: {} }
    const w = { label: 'W', triggers: { manual }, start: 'merge', steps: { merge } }
    const { problems } = composeModel([orgLayer({ workflows: { w } })], model)
    expect(problems.map(({ at }) => at)).toEqual(wrong)
  })
})

function partsOf(around: Said, at: string, outer: Said = around): Part[] {
  const form = around.properties ? around : outer
  const named = Object.entries(around.properties ?? {}).map(([name, schema]) => ({
    isNamed: true,
    path: `${at}.${name}`,
    schema,
    ...{ around, form },
  }))
  const values = (['items', 'additionalProperties'] as const).flatMap((name) => {
    const schema = around[name]
    return typeof schema === 'object'
      ? [{ isNamed: false, path: `${at}.${name}`, schema, around, form }]
      : []
  })
  return [...named, ...values].flatMap((part) => [part, ...partsOf(part.schema, part.path, form)])
}

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
