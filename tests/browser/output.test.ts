import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const more = { name: 'More', exact: true } as const

describe('an export', () => {
  it('of what the view shows comes as a file, and the tray keeps it over a reload', async () => {
    for (const name of ['Exported Ann', 'Exported Bo'])
      await studio.org.call('POST', '/leads', { name, score: 7 })
    const { page, context, complaints } = await studio.open()
    await page.goto('/leads?q=Exported')
    await page.getByRole('row', { name: /Exported Bo/ }).waitFor()
    await page.locator('.topbar').getByRole('button', more).click()
    await page.getByRole('menuitem', { name: 'Export this view' }).click()
    const dialog = page.getByRole('dialog', { name: 'Export' })
    expect(await seriousProblems(page)).toEqual([])
    const arrived = page.waitForEvent('download')
    await dialog.getByRole('button', { name: 'Export' }).click()
    const file = await arrived
    expect(file.suggestedFilename()).toMatch(/\.csv$/)
    const lines = (await readFile(await file.path(), 'utf8')).trim().split('\r\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(/^Name,/)
    const tray = page.getByRole('complementary', { name: 'Jobs' })
    await tray.getByText('Done', { exact: true }).waitFor()
    await page.reload()
    await tray.getByRole('button', { name: 'Unfold' }).click()
    await tray.getByText('Done', { exact: true }).waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await tray.getByRole('button', { name: 'Clear' }).click()
    await tray.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('an import', () => {
  it('asks what unknown words mean, shows problems at their cells, and is reverted from the tray', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/imports?entity=leads')
    const text =
      'Name,Status,Score\nWizard Ann,Fresh,5\nWizard Bo,Qualified,7\nWizard Cy,Odd,many\n'
    const file = { name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
    await page.getByLabel('CSV file').setInputFiles(file)
    await page.getByRole('combobox', { name: 'Status: Fresh' }).selectOption('new')
    await page.getByRole('combobox', { name: 'Status: Odd' }).selectOption({ index: 1 })
    await page.locator('.import-problem').first().waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Check again' }).click()
    await expect.poll(() => page.locator('.import-problem').count()).toBe(1)
    await page.getByRole('button', { name: 'Import 3 rows' }).click()
    await page.getByRole('heading', { name: 'Imported' }).waitFor()
    const found = async () =>
      (
        await studio.org.call('GET', '/leads?filter={"name":{"$startsWith":"Wizard"}}&sort=name')
      ).json<{ data: { name: string; status: string }[] }>().data
    expect((await found()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      'Wizard Ann new',
      'Wizard Bo qualified',
    ])
    const tray = page.getByRole('complementary', { name: 'Jobs' })
    await tray.getByRole('button', { name: 'Revert leads.csv' }).click()
    await expect.poll(async () => (await found()).length).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('the dashboard', () => {
  it('draws its tiles, each with a table beside it, and follows the period', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/')
    const funnel = page.getByRole('region', { name: 'Pipeline by stage' })
    await funnel.locator('canvas').waitFor()
    expect(await funnel.getByRole('table').getByRole('row').count()).toBeGreaterThan(2)
    await funnel.getByRole('button', { name: /as a table/ }).click()
    await funnel.locator('canvas').waitFor({ state: 'detached' })
    await page.getByLabel('Period').selectOption('all')
    await page.waitForURL(/period=all/)
    await page.getByRole('region', { name: 'Leads by source' }).locator('canvas').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    expect(complaints).toEqual([])
    await context.close()
  })
})
