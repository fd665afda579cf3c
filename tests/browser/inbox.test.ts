import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import type { Caller } from '../setup/test-app.ts'
import { seriousProblems } from './axe.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** Two colleagues: one is in the browser, the other gives them work. */
let studio: StudioApp
let open: OpenPage
let page: Page
let bob: Caller & { readonly userId: string }
let adaId: string
beforeAll(async () => {
  studio = await startStudio()
  bob = await joinOrg(studio.app, studio.org, 'admin', 'Bob Lee')
  const filter = encodeURIComponent(JSON.stringify({ email: studio.org.email }))
  const found = await studio.org.call('GET', `/users?filter=${filter}`)
  adaId = found.json<{ data: { id: string }[] }>().data[0]!.id
  open = await studio.open()
  page = open.page
}, 240_000)
afterAll(() => studio?.stop())

async function give(name: string): Promise<string> {
  const made = await bob.call('POST', '/leads', { name, ownerId: adaId })
  expect(made.statusCode, made.body).toBe(201)
  return made.json<{ id: string }>().id
}
const row = (name: string) => page.locator('.inbox-row', { hasText: name })

it('what a colleague assigns appears without a reload, is read by opening it, and put away by keys', async () => {
  await page.goto('/inbox')
  await page.getByText('Nothing concerns you yet').waitFor()
  await give('Grace Hopper')
  await row('Grace Hopper').waitFor()
  await give('Ida Rhodes')
  await row('Ida Rhodes').waitFor()
  const bell = page.locator('.sidebar .nav-count')
  await expect.poll(() => bell.textContent()).toBe('2')
  expect(await row('Grace Hopper').textContent()).toContain('Bob Lee assigned it to you as Owner')
  expect(await seriousProblems(page)).toEqual([])

  await page.keyboard.press('j')
  await page.keyboard.press('j')
  expect(await row('Grace Hopper').getAttribute('data-current')).toBe('true')
  await page.keyboard.press('Enter')
  await page.locator('.panel').getByRole('heading', { name: 'Grace Hopper' }).waitFor()
  await expect.poll(() => bell.textContent()).toBe('1')
  expect(await seriousProblems(page)).toEqual([])
  await page.keyboard.press('Escape')
  await page.locator('.panel').waitFor({ state: 'detached' })
  await page.keyboard.press('u')
  await expect.poll(() => bell.textContent()).toBe('2')
  await page.keyboard.press('e')
  await row('Grace Hopper').waitFor({ state: 'detached' })
  await expect.poll(() => bell.textContent()).toBe('1')
  await page.keyboard.press('Shift+A')
  await expect.poll(() => bell.count()).toBe(0)
  await page.getByRole('link', { name: 'Archived' }).click()
  await row('Grace Hopper').waitFor()
  expect(open.complaints).toEqual([])
})

it('a colleague is mentioned from the composer, and hears of it', async () => {
  const lead = await give('Mary Jackson')
  await page.goto(`/leads/${lead}`)
  await page.getByRole('tab', { name: 'Timeline' }).click()
  const text = page.getByRole('textbox', { name: 'Write: Note' })
  await text.fill('Please call, ')
  await text.press('End')
  await page.keyboard.type('@bob')
  await page.getByRole('option', { name: /Bob Lee/ }).waitFor()
  expect(await seriousProblems(page)).toEqual([])
  await page.keyboard.press('Enter')
  expect(await text.inputValue()).toBe('Please call, @Bob Lee ')
  await page.keyboard.press('Control+Enter')
  const kinds = async () => {
    const filter = encodeURIComponent(JSON.stringify({ kind: 'mentioned' }))
    const answer = await bob.call('GET', `/notifications?filter=${filter}`)
    return answer.json<{ data: object[] }>().data.length
  }
  await expect.poll(kinds).toBe(1)
  expect(open.complaints).toEqual([])
})

it('what one wants to hear of is kept', async () => {
  // The second wish comes before the first has been answered.
  const { promise: bothAreMade, resolve: letThrough } = Promise.withResolvers<void>()
  await page.route('**/api/v1/notification-preferences', async (route) => {
    if (route.request().method() === 'POST') await bothAreMade
    await route.continue()
  })
  await page.goto('/settings/notifications')
  const mail = page.getByRole('combobox', { name: 'I am mentioned: by mail' })
  await mail.selectOption('weekly')
  const group = page.getByRole('group', { name: 'Something of mine is due or overdue' })
  await group.getByRole('checkbox', { name: 'In the inbox' }).uncheck()
  const second = page.waitForResponse((one) => one.request().method() === 'PATCH')
  letThrough()
  expect((await second).status()).toBe(200)
  await page.unroute('**/api/v1/notification-preferences')
  await page.reload()
  await mail.waitFor()
  await expect.poll(() => mail.inputValue()).toBe('weekly')
  expect(await group.getByRole('checkbox', { name: 'In the inbox' }).isChecked()).toBe(false)
  expect(open.complaints).toEqual([])
})

it('people are mentioned in long texts and rich texts; whom the record is hidden from is named', async () => {
  await joinOrg(studio.app, studio.org, 'rep', 'Rita Rep')
  const story = {
    entity: 'crm.leads:lead',
    field: { type: 'richText', label: 'Story', order: 900 },
  }
  const ops = [{ op: 'set', path: ['fields', 'story'], value: story }]
  await studio.org.call('PATCH', '/studio/draft', { ops })
  const { hash } = (await studio.org.call('POST', '/studio/plan', {})).json<{ hash: string }>()
  await studio.org.call('POST', '/studio/publish', { hash, message: 'Story' })
  const lead = await give('Katherine Johnson')
  const read = async (field: string) =>
    (await bob.call('GET', `/leads/${lead}`)).json<Record<string, unknown>>()[field]
  await page.goto(`/leads/${lead}`)

  await page.getByRole('button', { name: 'Change: Notes', exact: true }).click()
  const notes = page.getByRole('textbox', { name: 'Notes' })
  await notes.pressSequentially('Ask @Rita')
  await page.getByRole('option', { name: /Rita Rep/ }).waitFor()
  await page.keyboard.press('Enter')
  expect(await notes.inputValue()).toBe('Ask @Rita Rep ')
  await page.getByText('Rita Rep may not see this record').waitFor()
  await page.keyboard.press('Control+Enter')
  await expect.poll(() => read('notes')).toBe('Ask @Rita Rep ')

  await page.getByRole('button', { name: 'Change: Story', exact: true }).click()
  const editor = page.getByRole('textbox', { name: 'Story' })
  await editor.pressSequentially('With @Bo')
  await page.getByRole('option', { name: /Bob Lee/ }).click()
  expect(await editor.textContent()).toMatch(/^With @Bob Lee/)
  await page.keyboard.press('Control+Enter')
  await expect.poll(() => read('story')).toContain('@Bob Lee')
  await page.keyboard.press('Escape')
  await page.keyboard.press('?')
  await page.getByRole('dialog').getByText('Archive it').waitFor()
  expect(open.complaints).toEqual([])
})
