import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

/** One record in the hands of people: its past, its timeline, what leads to it, and two who write at once. */
let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

async function make(plural: string, values: object): Promise<{ id: string }> {
  const answer = await studio.org.call('POST', `/${plural}`, values)
  expect(answer.statusCode).toBe(201)
  return answer.json()
}
const read = async (plural: string, id: string): Promise<Record<string, unknown>> =>
  (await studio.org.call('GET', `/${plural}/${id}`)).json()
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })

describe('a record', () => {
  it('gives an older value back by keyboard, and takes that back as well', async () => {
    const { id } = await make('leads', { name: 'Past Petra', title: 'Captain' })
    await studio.org.call('PATCH', `/leads/${id}`, { title: 'Admiral' })
    const { page, context, complaints } = await studio.open()
    await page.goto(`/leads/${id}`)
    await button(page, 'History: Job title').focus()
    await page.keyboard.press('Enter')
    await button(page, 'Restore: Captain').focus()
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await read('leads', id))['title']).toBe('Captain')
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await read('leads', id))['title']).toBe('Admiral')
    expect(complaints).toEqual([])
    await context.close()
  })

  it('keeps what is being written about it through a reload, and shows it in the timeline', async () => {
    const { id } = await make('opportunities', { name: 'Note Nina' })
    const { page, context, complaints } = await studio.open()
    await page.goto(`/opportunities/${id}`)
    await page.getByLabel('Write: Note').fill('They want both docks.')
    await page.reload()
    await expect
      .poll(() => page.getByLabel('Write: Note').inputValue())
      .toBe('They want both docks.')
    await page.getByLabel('Write: Note').press('Control+Enter')
    const entry = page.getByRole('listitem').filter({ hasText: 'They want both docks.' })
    await entry.waitFor()
    await button(page, 'Calls').click()
    await entry.waitFor({ state: 'detached' })
    await page.getByText('Nothing of this kind').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })

  it('shows both values when two write the same field, and does what is chosen', async () => {
    const { id } = await make('leads', { name: 'Both Bea', title: 'Captain' })
    const { page, context } = await studio.open()
    await page.goto(`/leads/${id}`)
    await button(page, 'Change: Job title').click()
    await page.getByLabel('Job title', { exact: true }).fill('Mine')
    await studio.org.call('PATCH', `/leads/${id}`, { title: 'Theirs' })
    await page.getByLabel('Job title', { exact: true }).press('Enter')
    const dialog = page.getByRole('dialog', { name: 'Job title was changed meanwhile' })
    await dialog.getByText('Theirs', { exact: true }).waitFor()
    expect((await read('leads', id))['title']).toBe('Theirs')
    await dialog.getByRole('button', { name: 'Save mine' }).click()
    await expect.poll(async () => (await read('leads', id))['title']).toBe('Mine')
    await context.close()
  })

  it('says that it is gone when somebody removes it meanwhile, leads back, and is there again', async () => {
    const { id } = await make('leads', { name: 'Gone Gisela' })
    const { page, context, complaints } = await studio.open()
    await page.goto(`/leads/${id}`)
    await page.getByRole('heading', { name: 'Gone Gisela' }).waitFor()
    await studio.org.call('DELETE', `/leads/${id}`)
    await page.getByText('Lead not found').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await studio.org.call('POST', `/leads/${id}/restore`)
    await page.getByRole('heading', { name: 'Gone Gisela' }).waitFor()
    await page.goto(`/leads?record=${crypto.randomUUID()}`)
    await page.getByText('Lead not found').waitFor()
    await page.locator('.empty').getByRole('button', { name: 'Close' }).click()
    await page.getByText('Lead not found').waitFor({ state: 'detached' })
    await page.goto(`/leads/${crypto.randomUUID()}`)
    await page.getByRole('link', { name: 'All leads' }).click()
    await page.getByRole('heading', { name: 'Leads' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('takes new related records one after the other, and links what is there', async () => {
    const { id } = await make('accounts', { name: 'Related Ruth' })
    await make('opportunities', { name: 'Old acquaintance' })
    const { page, context, complaints } = await studio.open()
    await page.goto(`/accounts/${id}`)
    await page.getByRole('tab', { name: 'Opportunities' }).click()
    await button(page, 'Add opportunity').click()
    const name = page.getByLabel('Name of the new opportunity')
    for (const one of ['First deal', 'Second deal']) {
      await name.fill(one)
      await name.press('Enter')
      await page.getByRole('link', { name: one }).waitFor()
    }
    await button(page, 'Link an existing one').click()
    await page.getByRole('textbox', { name: 'Search' }).last().fill('Old acq')
    await page.getByRole('option', { name: /Old acquaintance/ }).click()
    await page.getByRole('link', { name: 'Old acquaintance' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
