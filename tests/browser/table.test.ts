import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
  const create = ['referral', 'referral', 'event'].map((source, n) => ({
    name: `Grouped ${n}`,
    source,
    score: 10 * (n + 1),
  }))
  const made = await studio.org.call('POST', '/leads/bulk', { create })
  expect(made.statusCode, made.body).toBe(200)
}, 240_000)
afterAll(() => studio?.stop())

const all = '/leads?view=crm.leads%3Aall'

describe('the columns of a table', () => {
  it('are moved, hidden and widened by whoever looks, stay so, and go back', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto(all)
    await page.locator('.tbody .tr').first().waitFor()
    const heads = async () =>
      (await page.locator('.head-cell').allInnerTexts()).map((h) => h.trim())
    const before = await heads()
    const [, second = '', third = ''] = before
    const menu = async (column: string, entry: string) => {
      await page.locator('.head-cell', { hasText: column }).first().hover()
      await page.getByRole('button', { name: `Column ${column}` }).click()
      await page.getByRole('menuitem', { name: entry }).click()
    }
    await menu(third, 'Move left')
    expect((await heads()).slice(1, 3)).toEqual([third, second])
    await menu(second, 'Hide')
    expect(await heads()).not.toContain(second)
    const widthOf = async () =>
      (await page.locator('.head-cell').nth(1).boundingBox())?.width ?? Number.NaN
    const wide = await widthOf()
    const grip = (await page.locator('.head-grip').nth(1).boundingBox())!
    await page.mouse.move(grip.x + 3, grip.y + 5)
    await page.mouse.down()
    await page.mouse.move(grip.x + 83, grip.y + 5, { steps: 4 })
    await page.mouse.up()
    expect(await widthOf()).toBeGreaterThan(wide + 60)
    await page.reload()
    await page.locator('.tbody .tr').first().waitFor()
    expect(await heads()).toEqual(before.toSpliced(1, 2, third))
    await page.getByRole('button', { name: 'Display' }).click()
    await page.getByRole('menuitem', { name: 'As in the view' }).click()
    expect(await heads()).toEqual(before)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('groups', () => {
  it('have their number, and fold', async () => {
    const { page, context, complaints } = await studio.open()
    const filter = encodeURIComponent('{"name":{"$startsWith":"Grouped"}}')
    await page.goto(`/leads?view=crm.leads%3Aby_source&filter=${filter}`)
    const group = page.locator('.tgroup', { hasText: 'Referral' })
    await group.getByText('2', { exact: true }).waitFor()
    const rows = page.getByRole('row', { name: /Grouped/ })
    expect(await rows.count()).toBe(3)
    await group.getByRole('button', { name: 'Referral' }).click()
    await expect.poll(() => rows.count()).toBe(1)
    expect(
      await group.getByRole('button', { name: 'Referral' }).getAttribute('aria-expanded'),
    ).toBe('false')
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('a filter', () => {
  it('knows me and days that move, says so in the address, and marks the view as changed', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto(all)
    await page.locator('.tbody .tr').first().waitFor()
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('option', { name: 'Owner', exact: true }).click()
    await page.getByRole('option', { name: 'me', exact: true }).click()
    await page.waitForURL(/%40me|@me/)
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Filter', exact: true }).click()
    await page.getByRole('option', { name: 'Created', exact: true }).click()
    await page.getByRole('menuitem', { name: 'today', exact: true }).click()
    await page.getByRole('group', { name: 'Created' }).getByText('today').waitFor()
    await page.getByRole('button', { name: 'Save as' }).waitFor()
    await page.getByRole('button', { name: 'Reset' }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('filter')).toBeNull()
    expect(complaints).toEqual([])
    await context.close()
  })
})
