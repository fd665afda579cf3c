import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminPassword, signIn } from './sign-in.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

interface Lead {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly score: number | null
  readonly version: number
}
async function makeLead(name: string, values: object = {}): Promise<Lead> {
  const answer = await studio.org.call('POST', '/leads', { name, ...values })
  expect(answer.statusCode).toBe(201)
  return answer.json<Lead>()
}
const readLead = async (id: string): Promise<Lead> =>
  (await studio.org.call('GET', `/leads/${id}`)).json<Lead>()

describe('signing in', () => {
  it('says the same for a wrong password and keeps the person at the door', async () => {
    const { page, context } = await studio.open({ isSignedOut: true })
    await page.goto('/leads')
    await page.getByLabel('Work email').fill(studio.org.email)
    await page.getByLabel('Password', { exact: true }).fill('not-the-password')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    await context.close()
  })

  it('goes on to the page that was asked for', async () => {
    const { page, context, complaints } = await studio.open({ isSignedOut: true })
    await page.goto('/accounts')
    await page.getByLabel('Work email').fill(studio.org.email)
    await page.getByLabel('Password', { exact: true }).fill(adminPassword)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a table', () => {
  it('shows the records, sorts by a header and keeps it in the address', async () => {
    const { page, context, complaints } = await studio.open()
    await page
      .getByRole('navigation', { name: 'Navigation' })
      .getByRole('link', { name: 'Leads' })
      .click()
    await page.getByRole('grid', { name: 'Leads' }).getByRole('row').nth(5).waitFor()
    await page.getByRole('columnheader', { name: 'Score' }).getByRole('button').first().click()
    await page.waitForURL(/sort=score/)
    expect(await page.getByRole('columnheader', { name: 'Score' }).getAttribute('aria-sort')).toBe(
      'ascending',
    )
    expect(complaints).toEqual([])
    await context.close()
  })

  it('saves what is typed into a cell, and Ctrl+Z takes it back', async () => {
    const lead = await makeLead('Inline Edith', { score: 11 })
    const { page, context, complaints } = await studio.open()
    await page.goto('/leads?q=Inline Edith')
    const cell = page
      .getByRole('row', { name: /Inline Edith/ })
      .getByRole('gridcell', { name: '11' })
    await cell.click()
    await page.keyboard.type('77')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await readLead(lead.id)).score).toBe(77)
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await readLead(lead.id)).score).toBe(11)
    await page
      .getByRole('row', { name: /Inline Edith/ })
      .getByRole('gridcell', { name: '11' })
      .waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('rolls back in sight when the server refuses, with its words', async () => {
    const lead = await makeLead('Refused Rita', { email: 'rita@example.test' })
    const { page, context } = await studio.open()
    await page.goto('/leads?q=Refused Rita')
    const row = page.getByRole('row', { name: /Refused Rita/ })
    await row.getByRole('gridcell', { name: 'rita@example.test' }).dblclick()
    await page.getByRole('textbox', { name: 'Email' }).fill('no address')
    await page.keyboard.press('Enter')
    await page.getByText(/Not saved/).waitFor()
    await row.getByRole('gridcell', { name: 'rita@example.test' }).waitFor()
    expect((await readLead(lead.id)).version).toBe(lead.version)
    await context.close()
  })

  it('filters by chips that the address carries', async () => {
    const { page, context } = await studio.open()
    await page.goto('/leads?view=crm.leads%3Aall')
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('option', { name: 'Status', exact: true }).click()
    await page.getByRole('option', { name: 'Qualified', exact: true }).click()
    await page.waitForURL(/filter=.*qualified/)
    await page.keyboard.press('Escape')
    const tags = page.locator('.tbody .tag', { hasText: /^(New|Contacted)$/ })
    await expect.poll(() => tags.count()).toBe(0)
    await context.close()
  })

  it('shows what somebody else changes without a reload', async () => {
    const lead = await makeLead('Live Liv', { score: 5 })
    const { page, context } = await studio.open()
    await page.goto('/leads?q=Live Liv')
    await page
      .getByRole('row', { name: /Live Liv/ })
      .getByRole('gridcell', { name: '5', exact: true })
      .waitFor()
    await studio.org.call('PATCH', `/leads/${lead.id}`, { score: 63 })
    await page
      .getByRole('row', { name: /Live Liv/ })
      .getByRole('gridcell', { name: '63' })
      .waitFor()
    await context.close()
  })

  it('changes many at once, and one undo takes all of it back', async () => {
    const leads = await Promise.all(['Bulk Bo', 'Bulk Bea'].map((name) => makeLead(name)))
    const { page, context } = await studio.open()
    await page.goto('/leads?q=Bulk B')
    await page.getByRole('checkbox', { name: 'Select Bulk Bo' }).click()
    await page.getByRole('checkbox', { name: 'Select Bulk Bea' }).click()
    await page.getByRole('toolbar').getByRole('button', { name: 'Delete' }).click()
    // It would leave before it is needed; not while somebody points at it.
    await page.locator('.toast', { hasText: '2 leads deleted' }).hover()
    await expect
      .poll(async () => (await studio.org.call('GET', `/leads/${leads[0]?.id}`)).statusCode)
      .toBe(404)
    await page.getByRole('status').getByRole('button', { name: /Undo/ }).click()
    await expect
      .poll(async () => (await studio.org.call('GET', `/leads/${leads[0]?.id}`)).statusCode)
      .toBe(200)
    await context.close()
  })
})

describe('a board', () => {
  it('moves a card by dragging', async () => {
    const lead = await makeLead('Dragged Dora')
    const { page, context, complaints } = await studio.open()
    await page.goto('/leads?view=crm.leads%3Aboard&q=Dragged Dora')
    const card = page.locator(`[data-record="${lead.id}"]`)
    await card.waitFor()
    await card.dragTo(page.getByRole('region', { name: 'Contacted' }))
    await page.getByText('Dragged Dora moved to Contacted').waitFor()
    await expect.poll(async () => (await readLead(lead.id)).status).toBe('contacted')
    await page
      .getByRole('region', { name: 'Contacted' })
      .locator(`[data-record="${lead.id}"]`)
      .waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('moves a card without a mouse', async () => {
    const lead = await makeLead('Keyboard Kai')
    const { page, context } = await studio.open()
    await page.goto('/leads?view=crm.leads%3Aboard&q=Keyboard Kai')
    await page.getByRole('button', { name: 'Move Keyboard Kai' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Qualified', exact: true }).press('Enter')
    await expect.poll(async () => (await readLead(lead.id)).status).toBe('qualified')
    await context.close()
  })
})

describe('a record', () => {
  it('tells who changed what, and takes one change back', async () => {
    const lead = await makeLead('History Hana', { score: 20 })
    await studio.org.call('PATCH', `/leads/${lead.id}`, { score: 90 })
    const { page, context, complaints } = await studio.open()
    await page.goto(`/leads/${lead.id}`)
    await page.getByRole('tab', { name: 'Timeline' }).click()
    const step = page.getByRole('listitem').filter({ hasText: 'changed a field' }).first()
    await step.waitFor()
    expect((await step.innerText()).replace(/\s+/g, ' ')).toContain('Score 20 90')
    await step.getByRole('button', { name: 'Revert' }).click()
    await expect.poll(async () => (await readLead(lead.id)).score).toBe(20)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('is made through a form that comes from the fields, with every problem at its place', async () => {
    const { page, context } = await studio.open()
    await page.goto('/leads')
    await page.getByRole('button', { name: 'New lead' }).click()
    const dialog = page.getByRole('dialog', { name: 'New lead' })
    await dialog.getByLabel('Email').fill('not an address')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await dialog.getByRole('alert').first().waitFor()
    await dialog.getByLabel('Name').fill('Formed Freya')
    await dialog.getByLabel('Email').fill('freya@example.test')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByText('Formed Freya created').waitFor()
    await context.close()
  })
})

describe('an entity of the organisation', () => {
  it('appears with table, form and record as soon as it is published, without a line of code', async () => {
    const { page, context, complaints } = await studio.open()
    const definition = {
      label: 'Yacht',
      labelPlural: 'Yachts',
      plural: 'yachts',
      icon: 'sailboat',
      titleField: 'name',
      fields: {
        name: { type: 'text', label: 'Name', required: true, order: 1 },
        berth: { type: 'text', label: 'Berth', order: 2 },
        length: { type: 'number', label: 'Length', order: 3 },
      },
    }
    const ops = [
      { op: 'set', path: ['entities', 'yacht'], value: definition },
      {
        op: 'set',
        path: ['pages', 'yachts'],
        value: {
          label: 'Yachts',
          path: '/yachts',
          icon: 'sailboat',
          entity: 't:yacht',
          group: 'records',
          order: 95,
        },
      },
    ]
    expect((await studio.org.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
    const plan = (await studio.org.call('POST', '/studio/plan', {})).json<{ hash: string }>()
    const published = await studio.org.call('POST', '/studio/publish', {
      hash: plan.hash,
      message: 'Yachts',
    })
    expect(published.statusCode).toBe(201)

    // The open page hears of the new revision and draws it.
    await page
      .getByRole('navigation', { name: 'Navigation' })
      .getByRole('link', { name: 'Yachts' })
      .click()
    await page.getByRole('button', { name: 'New yacht' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'New yacht' })
    await dialog.getByLabel('Name').fill('Vega')
    await dialog.getByLabel('Length').fill('14.5')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    const row = page.getByRole('row', { name: /Vega/ })
    await row.getByRole('gridcell', { name: '14.5' }).waitFor()
    await row.getByRole('link', { name: 'Vega' }).click()
    await page
      .getByRole('complementary', { name: 'Vega' })
      .getByRole('heading', { name: 'Vega' })
      .waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('somebody with fewer rights', () => {
  it('is not offered what they may not do', async () => {
    const { page, context } = await studio.open({ isSignedOut: true })
    const invited = await studio.org.call('POST', '/invitations', {
      email: 'viewer@example.test',
      roles: ['platform.people:viewer'],
    })
    expect(invited.statusCode).toBe(201)
    const link = new URL(invited.json<{ url: string }>().url)
    await page.goto(`${link.pathname}${link.hash}`)
    await page.getByLabel('Your name').fill('Vera Viewer')
    await page.getByLabel('Password', { exact: true }).fill('another-long-password')
    await page.getByRole('button', { name: 'Join' }).click()
    await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
    await page.goto('/leads')
    await page.getByRole('grid', { name: 'Leads' }).getByRole('row').nth(3).waitFor()
    expect(await page.getByRole('button', { name: 'New lead' }).count()).toBe(0)
    await context.close()
    const again = await studio.open({ isSignedOut: true })
    await signIn(again.page, 'viewer@example.test', 'another-long-password')
    await again.context.close()
  })
})
