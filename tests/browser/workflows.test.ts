import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'
import { seriousProblems } from './axe.ts'
import { publish } from './publish.ts'
import { readGerman } from './sign-in.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

/** How workflows run, looked at: the list, a run on its graph, and a failed one taken up again. */
let studio: StudioApp
let flows: ReturnType<typeof workflowsOf>
const shots = path.resolve(import.meta.dirname, '../.output')
beforeAll(async () => {
  studio = await startStudio()
  flows = workflowsOf(studio.org)
  await flows.publish({
    rank: {
      label: 'Rank new leads',
      entity: 'crm.leads:lead',
      triggers: { created: trigger('record-created') },
      start: 'good',
      steps: {
        good: step(
          'condition',
          {
            when: {
              all: [
                { fact: 'record', path: 'score', operator: '$gte', value: 80 },
                { fact: 'record', path: 'company', operator: '$contains', value: 'nord' },
              ],
            },
            then: 'mark',
            else: 'later',
          },
          { label: 'Good enough?' },
        ),
        mark: step(
          'update-record',
          { values: { email: '{{ record.company }}' } },
          { next: 'end', label: 'Mark it' },
        ),
        later: step('wait', { for: 2, unit: 'days' }, { next: 'end', label: 'Look again' }),
        end: step('stop', {}, { label: 'Done' }),
      },
    },
  })
}, 240_000)
afterAll(() => studio?.stop())

it('shows a run as it goes, why it went that way, and takes it up where it failed', async () => {
  const lead = await flows.ask('POST', '/leads', { name: 'Ada', company: 'Nordvik', score: 82 })
  await expect
    .poll(async () => (await flows.runs({ workflow: 't:rank' })).map((run: Json) => run.status))
    .toEqual(['failed'])
  const { page, complaints } = await studio.open()
  await page.goto('/studio/workflows')
  await page
    .getByRole('link', { name: /Rank new leads/ })
    .first()
    .waitFor()
  expect(await seriousProblems(page)).toEqual([])
  await page.screenshot({ path: `${shots}/workflows-list.png` })
  await page.getByRole('link', { name: /Rank new leads.*email/ }).click()
  const canvas = page.getByRole('group', { name: 'Graph' }).or(page.locator('.gcanvas'))
  await canvas.first().waitFor()
  await expect.poll(() => page.locator('.gnode[data-s="failed"]').count()).toBe(1)
  await expect.poll(() => page.locator('.gnode[data-s="skipped"]').count()).toBe(2)
  await page.locator('.gnode', { hasText: 'Good enough?' }).click()
  const panel = page.getByRole('complementary', { name: 'Good enough?' })
  await panel.getByText('Found: 82').waitFor()
  await panel.getByText('Found: Nordvik').waitFor()
  await page.screenshot({ path: `${shots}/workflows-run.png` })
  expect(await seriousProblems(page)).toEqual([])
  await flows.ask('PATCH', `/leads/${lead.id}`, { company: 'nord@vik.example' })
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect.poll(() => page.locator('.gbar .badge').textContent()).toBe('Done')
  await expect.poll(() => page.locator('.gnode[data-s="done"]').count()).toBe(3)
  expect((await flows.ask('GET', `/leads/${lead.id}`)).email).toBe('nord@vik.example')
  expect(complaints).toEqual([])
})

it('is looked at on a phone in the dark, and waits where somebody can see until when', async () => {
  await flows.ask('POST', '/leads', { name: 'Bo', score: 3 })
  await expect
    .poll(async () => (await flows.runs({ workflow: 't:rank', status: 'waiting' })).length)
    .toBe(1)
  const [run] = await flows.runs({ workflow: 't:rank', status: 'waiting' })
  const { page, complaints } = await studio.open({ isPhone: true, colorScheme: 'dark' })
  await page.goto(`/studio/runs/${run.id}`)
  await expect.poll(() => page.locator('.gnode[data-s="waiting"]').count()).toBe(1)
  await page.getByText(/Waits until/).waitFor()
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  await page.screenshot({ path: `${shots}/workflows-phone.png` })
  expect(await seriousProblems(page)).toEqual([])
  await page.getByRole('button', { name: 'Cancel' }).click()
  await expect.poll(() => page.locator('.gbar .badge').textContent()).toBe('Cancelled')
  expect(complaints).toEqual([])
})

it('is tried without doing, tells what it would come to, and what a run wrote is taken back', async () => {
  await flows.publish({
    care: {
      label: 'Care',
      entity: 'crm.leads:lead',
      triggers: { hand: trigger('manual') },
      start: 'task',
      steps: {
        task: step(
          'create-record',
          { entity: 'platform.tasks:task', values: { title: 'Care for {{ record.name }}' } },
          { next: 'mail', label: 'Make a task' },
        ),
        mail: step('mail', { to: 'a@example.test', subject: 'Hi', text: 'Hi' }, { label: 'Write' }),
      },
    },
  })
  const { id } = await flows.ask('POST', '/leads', { name: 'Cora' })
  const { page, complaints } = await studio.open()
  await page.goto('/studio/workflows')
  await page.getByRole('link', { name: 'Try without doing: Care' }).click()
  await page.getByRole('button', { name: 'Try it' }).click()
  const sum = page.getByRole('region', { name: 'What it would come to' })
  await sum.getByText('1 task created').waitFor()
  await sum.getByText('1 mail').waitFor()
  await expect.poll(() => page.locator('.gnode[data-s="done"]').count()).toBe(2)
  await page.locator('.gnode', { hasText: 'Make a task' }).click()
  await page.screenshot({ path: `${shots}/workflows-dry.png` })
  expect(await seriousProblems(page)).toEqual([])
  const phone = await studio.open({ isPhone: true, colorScheme: 'dark' })
  await phone.page.goto('/studio/workflows/t%3Acare/try')
  await phone.page.getByRole('button', { name: 'Try it' }).click()
  await phone.page.getByText('1 mail').waitFor()
  await phone.page.screenshot({ path: `${shots}/workflows-dry-phone.png` })
  expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await seriousProblems(phone.page)).toEqual([])

  const records = { entity: 'leads', ids: [id] }
  const [run] = (await flows.ask('POST', '/workflows/t:care/run', { records })).runs
  await flows.becomes(run, 'done')
  const ofCora = encodeURIComponent(JSON.stringify({ title: 'Care for Cora' }))
  const tasks = async () => (await flows.ask('GET', `/tasks?filter=${ofCora}`)).data
  const [task] = await tasks()
  await flows.ask('PATCH', `/tasks/${task.id}`, { title: 'Mine now' })
  await page.goto(`/studio/runs/${run}`)
  await page.getByRole('button', { name: 'Take back' }).click()
  await page.getByText('Others changed 1 record since.').waitFor()
  await page.screenshot({ path: `${shots}/workflows-undo.png` })
  expect(await seriousProblems(page)).toEqual([])
  await flows.ask('PATCH', `/tasks/${task.id}`, { title: 'Care for Cora' })
  await page.getByRole('button', { name: 'Take back', exact: true }).click()
  await page.getByText('What left the house stays: 1 mail.').waitFor()
  await page.getByText('Taken back', { exact: true }).waitFor()
  expect(await tasks()).toEqual([])
  // The refusal above is an answer that the console tells of.
  expect(complaints.filter((one) => !one.includes('409'))).toEqual([])
})

it('asks what was built by clicks, says it in a sentence in both languages, and a run tells why', async () => {
  await flows.publish({
    gate: {
      label: 'Gate',
      entity: 'crm.leads:lead',
      triggers: { created: trigger('record-created') },
      start: 'good',
      steps: {
        good: step('condition', { when: { all: [] }, then: 'yes' }, { label: 'Worth a call?' }),
        yes: step('stop', {}, { label: 'Call' }),
      },
    },
  })
  const address = '/studio/points/workflows/t%3Agate'
  const { page, complaints } = await studio.open()
  await page.goto(address)
  const open = (on: typeof page) =>
    on
      .getByRole('region', { name: /^Graph/ })
      .getByRole('button', { name: /^Worth a call/ })
      .first()
      .click()
  await open(page)
  const panel = page.getByRole('complementary')
  const add = async (field: string) => {
    await panel.getByRole('button', { name: 'Condition', exact: true }).first().click()
    await page.getByRole('option', { name: field, exact: true }).click()
  }
  const rule = async () =>
    (await flows.ask('GET', '/studio/contributions/workflows/t:gate')).definition.steps.good
      .settings.when
  await panel.getByText('Always true: no condition is set.').waitFor()
  await add('Score')
  await panel.getByRole('textbox', { name: 'Score' }).fill('80')
  await panel.getByRole('textbox', { name: 'Score' }).press('Enter')
  await expect.poll(rule).toEqual({
    all: [{ fact: 'record', path: 'score', operator: '$gte', value: 80 }],
  })
  await add('Status')
  const options = page.getByRole('listbox', { name: 'Status' }).getByRole('option')
  await options.filter({ hasText: 'New' }).click()
  await options.filter({ hasText: 'Contacted' }).click()
  await page.keyboard.press('Escape')
  await add('Created')
  await page.getByRole('menuitem', { name: 'this week' }).click()
  await panel.getByRole('button', { name: 'Created is in' }).click()
  await page.getByRole('menuitem', { name: 'is after' }).click()
  await panel.getByLabel('Kind of day').selectOption('ago')
  await panel
    .getByText(
      'Score is at least 80 and Status is one of New, Contacted and Created is after 7 days ago',
    )
    .waitFor()
  await expect.poll(async () => (await rule()).all.length).toBe(3)
  expect(await seriousProblems(page)).toEqual([])
  await page.screenshot({ path: `${shots}/workflows-rule.png` })
  const phone = await studio.open({ isPhone: true, colorScheme: 'dark' })
  await phone.context.addInitScript(readGerman)
  await phone.page.goto(address)
  await phone.page
    .getByRole('button', { name: /^Worth a call/ })
    .first()
    .click()
  const sentence = phone.page.getByText(/ist mindestens 80 und .+ ist eines von/)
  await sentence.waitFor()
  await sentence.scrollIntoViewIfNeeded()
  expect(await phone.page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
  expect(await seriousProblems(phone.page)).toEqual([])
  await phone.page.screenshot({ path: `${shots}/workflows-rule-phone.png` })

  await publish(page, 'Gate')
  await flows.ask('POST', '/leads', { name: 'Dag', score: 85 })
  const runs = () => flows.runs({ workflow: 't:gate' })
  await expect.poll(async () => (await runs()).map((one: Json) => one.status)).toEqual(['done'])
  const [run] = await runs()
  await page.goto(`/studio/runs/${run.id}`)
  await page.locator('.gnode', { hasText: 'Worth a call?' }).click()
  const why = page.getByRole('complementary', { name: 'Worth a call?' })
  await why.getByText('Status is one of New, Contacted').waitFor()
  await why.getByText('Found: 85').waitFor()
  await page.screenshot({ path: `${shots}/workflows-rule-run.png` })
  expect(await seriousProblems(page)).toEqual([])
  expect([...complaints, ...phone.complaints]).toEqual([])
})
