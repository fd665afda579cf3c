import { setTimeout as sleep } from 'node:timers/promises'
import type { RouteDeclaration } from '../../../kernel/http/route.ts'
import type { Contribution, Model } from '../../../kernel/model/model.ts'
import { asked } from './approval-recipes.ts'
import { inboundWebhook, receivedWebhook } from './hook-recipes.ts'
import { succeed } from './own-layer.ts'
import { asKey, type Recipe } from './recipe.ts'
import { ownRun, ownWorkflow } from './workflow-recipes.ts'
import type { World } from './world.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly minimum?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly minLength?: number
}
interface Action {
  readonly input: Schema
  readonly on?: { readonly entity: string; readonly as: string; readonly multiple?: boolean }
}

/** What a schema does not say about a valid input. */
const particular: Readonly<Record<string, (world: World) => Record<string, unknown>>> = {
  'crm.activities:create_task': ({ userId }) => ({ assignee: userId }),
  'crm.leads:assign_lead': ({ userId }) => ({ owner: userId }),
  'crm.opportunities:update_opportunity_stage': () => ({ stage: 'negotiation' }),
  'crm.opportunities:close_opportunity': () => ({ outcome: 'lost', reason: 'price' }),
  'crm.opportunities:forecast_revenue': ({ userId }) => ({ owner: userId, period: 'this_year' }),
  'crm.opportunities:pipeline_health': ({ userId }) => ({ owner: userId }),
  'platform.api-keys:create_key': () => ({ role: 'viewer', scopes: ['leads:read'] }),
  'integrations.webhooks:create_endpoint': () => ({
    ...{ url: 'http://127.0.0.1:9/', events: ['integrations.webhooks:endpoint.disabled'] },
    roles: ['platform.people:admin'],
  }),
  'integrations.webhooks:create_inbound': () => ({ secret: undefined, keptHeaders: ['x-topic'] }),
  'integrations.webhooks:change_inbound': () => ({
    ...{ signatureHeader: 'x-signature', idHeader: 'x-id', keptHeaders: ['x-topic'] },
  }),
}

interface Prepared {
  readonly [input: string]: unknown
}

async function made(world: World, entity: string): Promise<string> {
  return world.makeRecord((await world.model()).entities.get(entity)!)
}

/** A quote with a line, which has gone through these actions. */
async function quoteAfter(world: World, ...actions: readonly string[]): Promise<Prepared> {
  const quoteId = await made(world, 'crm.quotes:quote')
  const line = { name: world.source.token, quoteId, quantity: 1, unitPrice: 5 }
  await succeed(world.key.call('PATCH', `/quotes/${quoteId}`, { validUntil: '2999-12-31' }))
  await succeed(world.key.call('POST', '/quote-lines', line))
  for (const action of actions) {
    const input = { quoteId, ...(action === 'send_quote' ? { to: 'to@example.test' } : {}) }
    await succeed(world.key.call('POST', `/actions/crm.quotes:${action}`, { input }))
  }
  return { quoteId }
}

async function orderWithLine(world: World): Promise<Prepared> {
  const orderId = await made(world, 'crm.orders:order')
  const line = { name: world.source.token, orderId, quantity: 1, unitPrice: 5 }
  const { id: lineId } = await succeed<{ id: string }>(world.key.call('POST', '/order-lines', line))
  return { orderId, lines: [{ lineId, quantity: 1 }] }
}

/** An invoice with a line, issued when it is said. */
async function invoiceWithLine(world: World, isIssued = false): Promise<Prepared> {
  const invoiceId = await made(world, 'crm.invoices:invoice')
  const line = { name: world.source.token, invoiceId, quantity: 1, unitPrice: 5 }
  await succeed(world.key.call('POST', '/customer-invoice-lines', line))
  const input = { invoiceId, dueOn: '2999-12-31' }
  if (!isIssued) return input
  await succeed(world.key.call('POST', '/actions/crm.invoices:issue_invoice', { input }))
  return { invoiceId }
}

/** A segment that has a condition, which only its actions give it. */
async function segmentOfLeads(world: World): Promise<Prepared> {
  const input = { name: world.source.token, entity: 'leads', condition: {} }
  const { output } = await succeed<{ output: { segmentId: string } }>(
    world.key.call('POST', '/actions/crm.segments:create_segment', { input }),
  )
  return { segmentId: output.segmentId }
}

/** A lead, and a purpose that every organisation begins with. */
async function aboutLead(world: World, more: object = {}): Promise<Prepared> {
  const person = { entity: 'leads', id: await made(world, 'crm.leads:lead') }
  return { person, email: 'to@example.test', purpose: 'newsletter', ...more }
}

/** A message to somebody who did not object, sent when it is said. */
async function message(world: World, isSent = false): Promise<Prepared> {
  const subject = world.source.token
  const values = { subject, body: subject, to: 'other@example.test', purpose: 'sales' }
  const { id } = await succeed<{ id: string }>(world.key.call('POST', '/messages', values))
  const input = { messageId: id }
  if (isSent) await succeed(world.key.call('POST', '/actions/crm.messages:send_message', { input }))
  return input
}

/** A copy of teams, once it is there: it adds nothing and takes nothing away. */
async function snapshotOfTeams(world: World): Promise<Prepared> {
  const input = { name: world.source.token, entities: ['teams'] }
  const { output } = await succeed<{ output: { id: string } }>(
    world.key.call('POST', '/actions/platform.snapshots:take', { input }),
  )
  const { id } = output
  for (let status = 'taking'; status === 'taking'; await sleep(20)) {
    const record = await succeed<{ status: string }>(world.key.call('GET', `/snapshots/${id}`))
    status = record.status
  }
  return { id, entities: ['teams'] }
}

/** A webhook that hears of nothing, and whose messages the door to the outside refuses. */
async function silentWebhook(world: World): Promise<Prepared> {
  const input = {
    name: world.source.token,
    url: nowhere,
    events: ['integrations.webhooks:endpoint.disabled'],
  }
  const { output } = await succeed<{ output: { id: string } }>(
    world.key.call('POST', '/actions/integrations.webhooks:create_endpoint', { input }),
  )
  return { id: output.id, ...fromAdmin, url: nowhere }
}

/** A delivery of it that has ended: a test is tried once. */
async function endedDelivery(world: World): Promise<Prepared> {
  const { id } = await silentWebhook(world)
  const { output } = await succeed<{ output: { delivery: string } }>(
    world.key.call('POST', '/actions/integrations.webhooks:send_test', { input: { id } }),
  )
  for (let status = 'waiting'; status === 'waiting'; await sleep(20)) {
    const path = `/webhook-deliveries/${output.delivery}`
    status = (await succeed<{ status: string }>(world.key.call('GET', path))).status
  }
  return { ids: [output.delivery] }
}

/** What a program sent through a form of leads, held back because it fell into the trap. */
async function heldSubmission(world: World): Promise<Prepared> {
  const input = { entity: 'leads', body: formOfLeads }
  const { output } = await succeed<{ output: { id: string; url: string } }>(
    world.key.call('POST', '/actions/platform.forms:save_form', { input }),
  )
  const page = await world.app.inject({ method: 'GET', url: new URL(output.url).pathname })
  const action = / action="([^"?]+)/.exec(page.body)![1]!
  await world.app.inject({
    method: 'POST',
    url: action,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams({ name: world.source.token, contact_url: 'x' }).toString(),
  })
  const filter = encodeURIComponent(JSON.stringify({ formId: output.id }))
  const { data } = await succeed<{ data: { id: string }[] }>(
    world.key.call('GET', `/form-submissions?filter=${filter}`),
  )
  return { id: data[0]!.id }
}

const formOfLeads = { fields: { name: {} } }
const nowhere = 'http://127.0.0.1:9/'
const fromAdmin = { roles: ['platform.people:admin'] }
const lineOf = (world: World) => ({ lines: [{ name: world.source.token, unitPrice: 5 }] })

/** Of whoever owns the world; somebody of their own stands in. */
async function absence(world: World): Promise<Prepared> {
  const deputyId = await made(world, 'kernel:user')
  const [from, until] = ['2026-01-01T00:00:00Z', '2999-12-31T00:00:00Z']
  return { ...{ from, until, deputyId }, userId: world.userId }
}

/** Records that have come so far that the action is possible, and the input for it. */
const prepared: Readonly<Record<string, (world: World) => Promise<Prepared>>> = {
  'platform.approvals:delegate': async (world) => ({
    id: (await asked(world)).id,
    to: world.userId,
  }),
  'platform.approvals:set_absence': (world) => absence(world),
  'platform.approvals:end_absence': async (world) => {
    const input = await absence(world)
    await succeed(world.key.call('POST', '/actions/platform.approvals:set_absence', { input }))
    return { userId: world.userId }
  },
  'platform.workflows:start': async (world) => ({
    ...{ workflow: await ownWorkflow(world), records: undefined, trigger: undefined },
  }),
  'platform.workflows:dry_run': async (world) => ({
    ...{ workflow: await ownWorkflow(world), records: undefined },
  }),
  'platform.workflows:cancel': async (world) => ({ id: await ownRun(world) }),
  'platform.workflows:pause': async (world) => ({ id: await ownRun(world) }),
  'platform.workflows:proceed': async (world) => {
    const id = await ownRun(world)
    await succeed(world.key.call('POST', '/actions/platform.workflows:pause', { input: { id } }))
    return { id }
  },
  'platform.workflows:retry': async (world) => ({
    ...{ id: await ownRun(world, 'fail'), from: undefined },
  }),
  'platform.workflows:replay': async (world) => ({ id: await ownRun(world) }),
  'platform.workflows:undo': async (world) => ({ id: await ownRun(world, 'write') }),
  'platform.approvals:renew': async (world) => ({ id: (await asked(world)).id }),
  'crm.quotes:create_quote': async (world) => ({ ...lineOf(world), validUntil: '2999-12-31' }),
  'crm.quotes:add_quote_lines': async (world) => lineOf(world),
  'crm.quotes:submit_quote': (world) => quoteAfter(world),
  'crm.quotes:approve_quote': (world) => quoteAfter(world, 'submit_quote'),
  'crm.quotes:reject_quote': (world) => quoteAfter(world, 'submit_quote'),
  'crm.quotes:send_quote': async (world) => ({
    ...(await quoteAfter(world)),
    to: 'to@example.test',
  }),
  'crm.quotes:accept_quote': (world) => quoteAfter(world, 'send_quote'),
  'crm.quotes:decline_quote': (world) => quoteAfter(world, 'send_quote'),
  'crm.quotes:revise_quote': (world) => quoteAfter(world, 'send_quote'),
  'crm.orders:create_order': async (world) => ({
    quoteId: undefined,
    accountId: await made(world, 'crm.accounts:account'),
    ...lineOf(world),
  }),
  'crm.orders:fulfil_order': orderWithLine,
  'crm.campaigns:add_to_campaign': async (world) => ({
    leadIds: [await made(world, 'crm.leads:lead')],
    contactIds: [],
    leadFilter: undefined,
    contactFilter: undefined,
  }),
  'crm.campaigns:campaign_analytics': async (world) => ({
    campaignId: await made(world, 'crm.campaigns:campaign'),
  }),
  'platform.people:erase_person': async (world) => ({
    entity: 'leads',
    id: await made(world, 'crm.leads:lead'),
    related: false,
    dryRun: false,
  }),
  'platform.duplicates:find_duplicates': async () => ({
    entity: 'leads',
    recordId: undefined,
    filter: {},
  }),
  'platform.duplicates:merge_records': async (world) => ({
    entity: 'leads',
    keepId: await made(world, 'crm.leads:lead'),
    otherIds: [await made(world, 'crm.leads:lead')],
    choices: {},
  }),
  'crm.goals:set_goal': async (world) => ({
    member: world.userId,
    teamId: await made(world, 'kernel:team'),
  }),
  'crm.goals:goal_progress': async (world) => ({ goalId: await made(world, 'crm.goals:goal') }),
  'crm.insights:team_performance': async (world) => ({
    team: await made(world, 'kernel:team'),
  }),
  'crm.invoices:create_invoice': async (world) => ({
    orderId: undefined,
    accountId: await made(world, 'crm.accounts:account'),
    ...lineOf(world),
  }),
  'crm.invoices:issue_invoice': (world) => invoiceWithLine(world),
  'crm.invoices:record_payment': (world) => invoiceWithLine(world, true),
  'crm.invoices:void_invoice': (world) => invoiceWithLine(world, true),
  'crm.tickets:create_ticket': async (world) => ({
    contactId: await made(world, 'crm.contacts:contact'),
    accountId: await made(world, 'crm.accounts:account'),
    email: 'to@example.test',
    assignTo: world.userId,
  }),
  'crm.tickets:escalate_ticket': async ({ userId }) => ({ assignTo: userId }),
  'crm.tickets:reply_to_ticket': async () => ({ draftId: undefined }),
  'crm.knowledge:create_article': async () => ({ ticketId: undefined }),
  'crm.knowledge:suggest_articles': async (world) => ({
    ticketId: await made(world, 'crm.tickets:ticket'),
  }),
  'crm.consent:record_consent': (world) => aboutLead(world, { at: '2026-01-02T10:00:00.000Z' }),
  'crm.consent:withdraw_consent': (world) => aboutLead(world),
  'crm.consent:check_consent': (world) => aboutLead(world),
  'crm.consent:unsubscribe_link': async () => ({
    email: 'to@example.test',
    purpose: 'newsletter',
  }),
  'crm.messages:draft_message': async () => ({ to: 'to@example.test', purpose: 'sales' }),
  'crm.messages:send_message': (world) => message(world),
  'crm.messages:reply_to_message': (world) => message(world, true),
  'crm.messages:mark_undelivered': (world) => message(world, true),
  'crm.messages:log_received_message': async () => ({
    from: 'from@example.test',
    receivedAt: '2026-01-02T10:00:00.000Z',
  }),
  'integrations.webhooks:change_endpoint': silentWebhook,
  'integrations.webhooks:rotate_secret': async (world) => ({
    id: (await silentWebhook(world))['id'],
  }),
  'integrations.webhooks:send_test': async (world) => ({ id: (await silentWebhook(world))['id'] }),
  'integrations.webhooks:redeliver': endedDelivery,
  'integrations.webhooks:rotate_inbound_secret': async (world) => ({
    ...{ id: (await inboundWebhook(world)).id, secret: undefined },
  }),
  'integrations.webhooks:change_inbound': async (world) => ({
    id: (await inboundWebhook(world)).id,
  }),
  'integrations.webhooks:replay_received': receivedWebhook,
  'platform.forms:save_form': async ({ userId }) => ({
    ...{ id: undefined, entity: 'leads', body: formOfLeads, assignTo: userId },
  }),
  'platform.forms:accept': heldSubmission,
  'platform.snapshots:take': async () => ({ entities: ['teams'] }),
  'platform.snapshots:preview': snapshotOfTeams,
  'platform.snapshots:restore': async (world) => ({
    ...(await snapshotOfTeams(world)),
    added: 'keep',
    layer: false,
  }),
  'crm.segments:create_segment': async () => ({ entity: 'leads', condition: {} }),
  'crm.segments:change_segment': segmentOfLeads,
  'crm.segments:preview_segment': async (world) => ({
    ...(await segmentOfLeads(world)),
    entity: undefined,
    condition: undefined,
  }),
  'crm.segments:segment_members': async (world) => ({
    ...(await segmentOfLeads(world)),
    cursor: undefined,
  }),
  'crm.segments:add_segment_to_campaign': async (world) => ({
    ...(await segmentOfLeads(world)),
    campaignId: await made(world, 'crm.campaigns:campaign'),
  }),
}

/** A person alone may do it, and recipes are run with a key. */
const refused: Readonly<Record<string, number>> = { 'crm.quotes:approve_quote': 403 }

/** Every action of the model, with inputs made from its schema, once as input and once as records. */
export function actionRecipes(route: RouteDeclaration, model: Model): Recipe[] {
  return [...model.actions.values()].flatMap((contribution) => {
    const { on } = contribution.definition as unknown as Action
    const recipe = (name: string, more: Partial<Recipe> & Pick<Recipe, 'build'>): Recipe => ({
      name: `POST /api/v1/actions/${contribution.ref}${name}`,
      route,
      status: refused[contribution.ref] ?? 200,
      anew: true,
      ...more,
    })
    const path = `/api/v1/actions/${contribution.ref}`
    const withInput = recipe('', {
      async build(world) {
        const input = await inputOf(world, contribution)
        return { method: 'POST', path, headers: asKey(world), body: { input } }
      },
    })
    if (!on) return [withInput]
    const withRecords = recipe(' (records)', {
      async build(world) {
        const { [on.as]: id, ...input } = await inputOf(world, contribution)
        const records = { entity: on.entity, ids: [id].flat() }
        return { method: 'POST', path, headers: asKey(world), body: { input, records } }
      },
    })
    return [withInput, withRecords]
  })
}

async function inputOf(
  world: World,
  { ref, definition }: Contribution<unknown>,
): Promise<Record<string, unknown>> {
  const { input, on } = definition as Action
  const values = sample(input, '', world) as Record<string, unknown>
  if (on) {
    const entity = (await world.model()).entities.get(on.entity)!
    const id = await world.makeRecord(entity)
    values[on.as] = on.multiple ? [id] : id
  }
  return { ...values, ...particular[ref]?.(world), ...(await prepared[ref]?.(world)) }
}

/** A value that a schema takes; every property is given, required or not. */
function sample(schema: Schema, name: string, world: World): unknown {
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return schema.enum[0]
  if (schema.anyOf) return sample(schema.anyOf[0]!, name, world)
  if (name === 'about') return { entity: 'leads', id: world.kept.get('crm.leads:lead') }
  switch ([schema.type].flat()[0]) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([key, inner]) => [
          key,
          sample(inner, key, world),
        ]),
      )
    case 'array':
      return schema.items ? [sample(schema.items, name, world)] : []
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1)
    case 'boolean':
      return true
    default:
      if (schema.format === 'uuid') return world.userId
      if (schema.format === 'date') return '2026-06-15'
      if (schema.format === 'date-time') return '2026-06-15T10:00:00.000Z'
      return world.source.token
  }
}
