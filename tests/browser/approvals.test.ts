import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import type { Caller } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'
import { seriousProblems } from './axe.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** Ada decides in the browser what workflows of her colleague ask. */
let studio: StudioApp
let open: OpenPage
let page: Page
let bob: Caller & { readonly userId: string }
let flows: ReturnType<typeof workflowsOf>
let dealId: string
const ada = '{{ vars.who }}'

beforeAll(async () => {
  studio = await startStudio()
  bob = await joinOrg(studio.app, studio.org, 'admin', 'Bob Lee')
  flows = workflowsOf(studio.org)
  const common = {
    entity: 'crm.opportunities:opportunity',
    triggers: { hand: trigger('manual') },
    start: 'ask',
  }
  await flows.publish({
    sign: {
      ...common,
      label: 'Sign off',
      steps: {
        ask: step('platform.approvals:approval', {
          assignee: ada,
          title: 'Sign {{ record.name }}',
          text: 'The customer wants an answer today.',
          fields: ['name', 'value', 'stage'],
          approved: 'yes',
          rejected: 'no',
        }),
        yes: step('stop', { result: 'yes' }),
        no: step('stop', { result: 'no {{ steps.ask.output.comment }}' }),
      },
    },
    survey: {
      ...common,
      label: 'Survey',
      steps: {
        ask: step('platform.approvals:form', {
          assignee: ada,
          title: 'About {{ record.name }}',
          fields: {
            reason: { label: 'Reason', type: 'text', required: true, order: 1 },
            size: { label: 'Size', type: 'select', options: { big: { label: 'Big' } }, order: 2 },
          },
        }),
      },
    },
  })
  const made = await bob.call('POST', '/opportunities', { name: 'Harbour crane', value: 1200 })
  dealId = made.json<{ id: string }>().id
  open = await studio.open()
  page = open.page
}, 240_000)
afterAll(() => studio?.stop())

async function ask(workflow: string): Promise<string> {
  const filter = encodeURIComponent(JSON.stringify({ email: studio.org.email }))
  const { data } = await flows.ask('GET', `/users?filter=${filter}`)
  const answer = await bob.call('POST', `/workflows/t:${workflow}/run`, {
    records: { entity: 'opportunities', ids: [dealId] },
    input: { who: data[0].id },
  })
  const [run] = answer.json<{ runs: string[] }>().runs
  await flows.becomes(run!, 'waiting')
  return run!
}
const row = (title: string) => page.locator('.approval-row', { hasText: title })
const result = async (run: string): Promise<unknown> =>
  ((await flows.becomes(run, 'done')) as Json).state.result

it('what is asked appears by itself, shows what it is about and is decided, with a comment by keys', async () => {
  await page.goto('/approvals')
  await page.getByText('Nothing waits for you').waitFor()
  const run = await ask('sign')
  await row('Sign Harbour crane').waitFor()
  await page.keyboard.press('j')
  const card = page.locator('.approval')
  await card.getByText('Your approval is needed').waitFor()
  await expect.poll(() => card.textContent()).toContain('The customer wants an answer today.')
  expect(await card.textContent()).toContain('1,200')
  expect(await seriousProblems(page)).toEqual([])
  await page.keyboard.press('c')
  await page.keyboard.type('Go ahead.')
  await page.keyboard.press('Control+Enter')
  await page.getByText('Nothing waits here any more').waitFor()
  expect(await result(run)).toBe('yes')
  await expect.poll(() => row('Sign Harbour crane').count()).toBe(0)
  await page.getByRole('link', { name: 'Decided by me' }).click()
  await row('Sign Harbour crane').getByText('Approved').waitFor()
  expect(open.complaints).toEqual([])
})

it('says what has changed meanwhile, and lets one decide on the present values', async () => {
  const run = await ask('sign')
  await page.goto('/approvals')
  await row('Sign Harbour crane').click()
  await page.getByRole('button', { name: 'Reject' }).waitFor()
  await bob.call('PATCH', `/opportunities/${dealId}`, { value: 900 })
  await page.getByRole('button', { name: 'Reject' }).click()
  const told = page.getByRole('alert')
  await told.getByText('Some of this has changed').waitFor()
  expect(await told.textContent()).toContain('1,200')
  expect(await told.textContent()).toContain('900')
  expect(await page.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true)
  expect(await seriousProblems(page)).toEqual([])
  await page.getByRole('button', { name: 'Show the present values' }).click()
  await told.waitFor({ state: 'detached' })
  await page.getByRole('textbox', { name: 'Comment' }).fill('Too cheap.')
  await page.getByRole('button', { name: 'Reject' }).click()
  await page.getByText('Nothing waits here any more').waitFor()
  expect(await result(run)).toBe('no Too cheap.')
  // The browser notes the refusal of the server.
  open.complaints.length = 0
})

it('a form is filled in on a phone, and its problems are said where they are', async () => {
  const small = await studio.open({ isPhone: true, colorScheme: 'dark' })
  const run = await ask('survey')
  await small.page.goto('/approvals')
  await small.page.locator('.approval-row', { hasText: 'About Harbour crane' }).click()
  await small.page.getByText('Please fill this in').waitFor()
  await small.page.getByRole('button', { name: 'Send' }).click()
  await small.page.getByText('"Reason" needs a value.').waitFor()
  expect(await seriousProblems(small.page)).toEqual([])
  await small.page.getByRole('textbox', { name: 'Reason' }).fill('New pier')
  await small.page.getByRole('combobox', { name: 'Size' }).selectOption('big')
  await small.page.getByRole('button', { name: 'Send' }).click()
  await small.page.getByText('Nothing waits here any more').waitFor()
  const { steps } = (await flows.becomes(run, 'done')) as Json
  expect(steps.findLast((one: Json) => one.step === 'ask').output).toMatchObject({
    ...{ reason: 'New pier', size: 'big' },
  })
  await small.context.close()
})

it('stands on the timeline of its record and in the inbox, and is handed on', async () => {
  await ask('sign')
  await page.goto('/inbox')
  await page.locator('.inbox-row', { hasText: 'Sign Harbour crane' }).first().waitFor()
  await page.goto(`/opportunities/${dealId}`)
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.locator('.titem').getByRole('link', { name: 'Sign Harbour crane' }).first().click()
  await page.getByText('Your approval is needed').waitFor()
  await page.keyboard.press('d')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'To' }).selectOption({ label: 'Bob Lee' })
  expect(await seriousProblems(page)).toEqual([])
  await dialog.getByRole('button', { name: 'Hand on' }).click()
  await page.getByText('Waits for Bob Lee').waitFor()
  expect(open.complaints).toEqual([])
})

it('says when one is away, who decides instead, and that one is back', async () => {
  const cleo = await joinOrg(studio.app, studio.org, 'admin', 'Cleo Moss')
  await page.goto('/approvals')
  await page.getByRole('button', { name: 'Be away…' }).click()
  const dialog = page.getByRole('dialog')
  const local = (days: number) =>
    new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 16)
  await dialog.getByLabel('Until').fill(local(-3))
  await dialog
    .getByRole('combobox', { name: 'Who decides instead' })
    .selectOption({ label: 'Cleo Moss' })
  await dialog.getByLabel('From').fill(local(-5))
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByText('This was not saved.').waitFor()
  expect(await seriousProblems(page)).toEqual([])
  await dialog.getByLabel('Until').fill(local(9))
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/You are away until .* Cleo Moss decides for you\./).waitFor()
  const run = await ask('sign')
  const filter = encodeURIComponent(JSON.stringify({ run }))
  const { data } = await flows.ask('GET', `/approvals?filter=${filter}`)
  expect(data).toMatchObject([{ assigneeId: cleo.userId }])
  await page.goto(`/approvals/${data[0].id}`)
  await page.getByText('Stands in for').waitFor()
  expect(await seriousProblems(page)).toEqual([])
  await page.goto('/approvals')
  await page.getByRole('button', { name: 'I am back' }).click()
  await page.getByRole('button', { name: 'Be away…' }).waitFor()
  // The browser notes the refusal of the server.
  open.complaints.length = 0
})
