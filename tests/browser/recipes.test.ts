import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Json, workflowsOf } from '../setup/workflows.ts'
import { publish } from './publish.ts'
import { adminPassword, signIn } from './sign-in.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** Each recipe that ships, from what sets it off to what somebody sees of it. */
let studio: StudioApp
let flows: ReturnType<typeof workflowsOf>
let open: OpenPage
let page: Page
let bo: { readonly userId: string }
const carla = 'carla@halden.example'

beforeAll(async () => {
  studio = await startStudio()
  flows = workflowsOf(studio.org)
  const { url } = await flows.ask('POST', '/invitations', {
    email: carla,
    roles: ['crm.recipes:executive', 'admin'],
  })
  const accepted = await studio.app.inject({
    method: 'POST',
    url: '/api/v1/auth/accept',
    payload: { token: url.split('token=')[1], name: 'Carla', password: adminPassword },
  })
  bo = await joinOrg(studio.app, studio.org, 'rep', 'Bo')
  await flows.ask('PATCH', `/users/${bo.userId}`, { managerId: accepted.json().userId })
  open = await studio.open()
  page = open.page
}, 240_000)
afterAll(() => studio?.stop())

const row = (text: string) => page.locator('.list-row', { hasText: text })
const recipe = (key: string) => `crm.recipes:${key}`
const run = (key: string): Promise<Json> => flows.ask('POST', `/workflows/${recipe(key)}/run`, {})
const update = (table: string, what: string, id: string) =>
  studio.app.house.db.query(studio.org.orgId, {
    text: `update tenant.${table} set ${what} where org_id = $1 and id = $2`,
    values: [studio.org.orgId, id],
  })

async function make(plural: string, what: string, values: Record<string, string>): Promise<void> {
  await page.goto(`/${plural}`)
  await page.getByRole('button', { name: `New ${what}` }).click()
  const form = page.getByRole('dialog', { name: `New ${what}` })
  await form.getByRole('button', { name: /more fields/ }).click()
  for (const [label, value] of Object.entries(values)) {
    const input = form.getByLabel(new RegExp(`^${label}`))
    if (label !== 'Source') await input.fill(value)
    else {
      await input.click()
      await page.getByRole('option', { name: value }).click()
    }
  }
  await form.getByRole('button', { name: 'Create', exact: true }).click()
  await form.waitFor({ state: 'detached' })
}

it('lead qualification: turned on by a switch, a lead with many points becomes a deal, an executive agrees', async () => {
  await page.goto('/studio/workflows')
  await page
    .getByRole('link', { name: /Lead qualification/ })
    .first()
    .click()
  await page.getByRole('switch', { name: 'On' }).click()
  await publish(page, 'Qualify leads')
  await page.goto('/studio/workflows')
  await row('Lead qualification').getByText('On', { exact: true }).waitFor()

  await make('leads', 'lead', {
    ...{ Name: 'Dag Holm', Email: 'dag@nordvik.example', Phone: '+4722334455' },
    ...{ Company: 'Nordvik', 'Job title': 'Chief executive', Website: 'https://nordvik.example' },
    ...{ Source: 'Referral', Notes: 'Has a budget, decides alone, needs it this quarter.' },
  })
  const other = await studio.open({ isSignedOut: true })
  await signIn(other.page, carla)
  await other.page.goto('/approvals')
  await other.page.locator('.approval-row', { hasText: 'High value: Dag Holm' }).click()
  await other.page.getByRole('button', { name: 'Approve' }).click()
  await other.page.getByText('Nothing waits here any more').waitFor()
  expect(other.complaints).toEqual([])
  await other.context.close()

  const { state } = await flows.only(recipe('lead-qualification'))
  await page.goto(`/opportunities/${state.result}`)
  await page
    .getByRole('heading', { name: /Nordvik|Dag Holm/ })
    .first()
    .waitFor()
  const [campaign] = (await flows.ask('GET', '/campaigns?filter={"name":"high-value"}')).data
  await page.goto(`/campaigns/${campaign.id}`)
  await page.getByRole('tab', { name: 'Campaign members' }).click()
  await page.getByText('Dag Holm').first().waitFor()
})

it('the other seven: turned on by those who are in a hurry, each leaves what people see', async () => {
  const others = [
    ...['round-robin', 'won-handover', 'stale-deal-nudge', 'overdue-escalation'],
    ...['ticket-sla', 'executive-report', 'pipeline-summary'],
  ]
  const ops = others.map((key) => ({
    ...{ op: 'set', target: `workflows/${recipe(key)}`, path: ['enabled'] },
    ...{ from: false, value: true },
  }))
  // They begin by hand below; a quarter of an hour that ends meanwhile would begin them as well.
  const often = [
    ['ticket-sla', 'often', '*/15 * * * *'],
    ['overdue-escalation', 'hourly', '5 * * * *'],
    ['stale-deal-nudge', 'daily', '0 7 * * 1-5'],
  ] as const
  const seldom = often.map(([key, name, from]) => ({
    ...{ op: 'set', target: `workflows/${recipe(key)}`, from, value: '0 0 29 2 *' },
    path: ['triggers', name, 'settings', 'cron'],
  }))
  await flows.ask('PATCH', '/studio/draft', { ops: [...ops, ...seldom] })
  await page.goto('/studio/workflows')
  await publish(page, 'All of them')
  await expect.poll(() => row('').getByText('On', { exact: true }).count()).toBe(8)

  // New leads in turn: one that nobody has yet, as other systems send them.
  const { id } = await flows.ask('POST', '/leads', { name: 'Free Frida' })
  await flows.only(recipe('round-robin'))
  const { ownerId } = await flows.ask('GET', `/leads/${id}?expand=owner`)
  expect(ownerId).not.toBeNull()
  await page.goto(`/leads/${id}`)
  await page.getByText('Assign new leads in turn').first().waitFor()

  // A deal that is won, by the palette.
  const account = await flows.ask('POST', '/accounts', { name: 'Sailmakers' })
  const deal = await flows.ask('POST', '/opportunities', {
    ...{ name: 'Sails', accountId: account.id, ownerId: bo.userId },
    value: { amount: '1200', currency: 'USD' },
  })
  await page.goto(`/opportunities/${deal.id}`)
  await page.getByRole('heading', { name: 'Sails' }).first().waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').fill('Close')
  await page
    .getByRole('option', { name: /^Close/ })
    .first()
    .click()
  const form = page.getByRole('dialog', { name: 'Close' })
  await form.getByLabel(/Outcome/).click()
  await page.getByRole('option', { name: 'Won', exact: true }).click()
  await form.getByRole('button', { name: 'Run' }).click()
  await flows.only(recipe('won-handover'))
  await page.goto('/tasks?view=platform.tasks%3Aall')
  for (const title of ['Kick-off: Sails', 'Thank Sails'])
    await page.getByRole('row', { name: new RegExp(title) }).waitFor()

  // What time does: it is moved, and each is begun by hand.
  const old = await flows.ask('POST', '/opportunities', { name: 'Old', ownerId: bo.userId })
  await update('crm_opportunities_opportunity', `updated_at = now() - interval '20 days'`, old.id)
  const late = { title: 'Call back', ownerId: bo.userId, dueAt: '2026-01-05T09:00:00Z' }
  await flows.ask('POST', '/tasks', late)
  const ticket = await flows.ask('POST', '/actions/crm.tickets:create_ticket', {
    input: { subject: 'No power', email: 'c@d.example', priority: 'urgent', assignTo: bo.userId },
  })
  const { ticketId } = ticket.output
  const hourAgo = `first_response_due = now() - interval '1 hour'`
  await update('crm_tickets_ticket', hourAgo, ticketId)
  for (const key of others.slice(2)) {
    const { runs } = await run(key)
    await flows.becomes(runs[0], 'done')
  }
  await page.goto('/tasks?view=platform.tasks%3Aall&q=Stale')
  await page.getByRole('row', { name: /Stale deal: Old/ }).waitFor()
  await page.goto('/tasks?view=platform.tasks%3Aall&q=late')
  await page.getByRole('row', { name: /A day late: Call back/ }).waitFor()
  await page.goto(`/tickets/${ticketId}`)
  await page.getByText('Its time is over.').first().waitFor()
  await page.goto('/settings/mail')
  await page
    .getByText(/the pipeline this week/)
    .first()
    .waitFor()
  await page
    .getByText(/20\d\d-\d\d-01 to 20\d\d-/)
    .first()
    .waitFor()
  expect(open.complaints).toEqual([])
})
