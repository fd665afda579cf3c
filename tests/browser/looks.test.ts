import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { firstScripts, mostFirstBytes } from '../../studio/build.ts'
import { seriousColours, seriousProblems } from './axe.ts'
import { readFromRight } from './sign-in.ts'
import { type StudioApp, startStudio } from './studio-app.ts'
import { settling, visit, walkIn } from './walk.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const board = '/opportunities?view=crm.opportunities%3Apipeline'
const pages = [
  '/',
  '/leads',
  board,
  '/changes',
  '/inbox',
  '/settings',
  '/settings/notifications',
  '/settings/members',
  '/settings/api-keys',
  '/imports',
]

/** In the light and, where the same page only has other colours, in the dark. */
async function expectGoodLooks(page: Page, what: string): Promise<void> {
  await page.emulateMedia({ colorScheme: 'light' })
  expect([what, 'light', await seriousProblems(page)]).toEqual([what, 'light', []])
  await page.emulateMedia({ colorScheme: 'dark' })
  expect([what, 'dark', await seriousColours(page)]).toEqual([what, 'dark', []])
}

it('axe finds nothing serious on any page, light or dark', async () => {
  const { page, context, complaints } = await studio.open()
  for (const path of pages) {
    await visit(page, path)
    await expectGoodLooks(page, path)
  }
  expect(complaints).toEqual([])
  await context.close()
})

it('axe finds nothing serious in a record, a form, the palette and at the door, light or dark', async () => {
  const { page, context } = await studio.open()
  await page.goto('/leads')
  const settled = settling(page)
  await page.locator('.title-link').first().click()
  await page.getByRole('tab', { name: 'Timeline' }).waitFor()
  await settled()
  await expectGoodLooks(page, 'record')
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await settled()
  await expectGoodLooks(page, 'timeline')
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByRole('button', { name: 'New lead' }).click()
  await page.getByRole('dialog').waitFor()
  await expectGoodLooks(page, 'form')
  await page.keyboard.press('Escape')
  await page.keyboard.press('Control+k')
  await page.locator('.palette input:focus').waitFor()
  await page.keyboard.type('a')
  await expectGoodLooks(page, 'palette')
  await context.close()
  const door = await studio.open({ isSignedOut: true })
  await visit(door.page, '/sign-in')
  await expectGoodLooks(door.page, 'sign-in')
  await door.context.close()
})

it('is dark when the system is, and light when the person says so', async () => {
  const { page, context } = await studio.open({ colorScheme: 'dark' })
  const background = () =>
    page.evaluate('getComputedStyle(document.querySelector(".main")).backgroundColor')
  const dark = await background()
  await page.getByRole('button', { name: /account menu/ }).click()
  await page.getByRole('menuitem', { name: 'Light' }).click()
  await expect.poll(background).not.toBe(dark)
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
  expect(await background()).not.toBe(dark)
  await context.close()
})

it('at 390 px nothing is wider than the screen, axe finds nothing serious, and cards stand for rows', async () => {
  const { page, context, complaints } = await studio.open({ isPhone: true })
  const walkTo = walkIn(page)
  const hasOwnLayout = new Set(['/', '/leads', board])
  for (const path of pages) {
    await walkTo(path)
    expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390])
    if (hasOwnLayout.has(path)) expect([path, await seriousProblems(page)]).toEqual([path, []])
  }
  await page.goto('/leads')
  await page.getByRole('list').getByRole('button').first().click()
  await page.getByRole('tab', { name: 'Timeline' }).waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

it('is mirrored for whoever reads from right to left', async () => {
  const { page, context, complaints } = await studio.open()
  await context.addInitScript(readFromRight)
  await visit(page, '/')
  const walkTo = walkIn(page)
  for (const path of ['/', '/leads', board, '/inbox', '/settings', '/imports']) {
    await walkTo(path)
    const frame = `[document.documentElement.dir, document.documentElement.scrollWidth,
      document.querySelector('.sidebar').offsetLeft > document.querySelector('.main').offsetLeft]`
    expect([path, ...(await page.evaluate<unknown[]>(frame))]).toEqual([path, 'rtl', 1440, true])
  }
  const leftOf = async (selector: string): Promise<number> =>
    (await page.locator(selector).first().boundingBox())?.x ?? Number.NaN
  await page.goto(board)
  const column = (n: number) => leftOf(`.bcol:nth-child(${n})`)
  expect(await column(1)).toBeGreaterThan(await column(2))
  await page.goto('/leads')
  const cell = (col: number) => leftOf(`.tbody .tr >> nth=0 >> .td >> nth=${col}`)
  expect(await cell(1)).toBeGreaterThan(await cell(2))
  await page.locator('.grid-table').focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowLeft')
  expect(await leftOf('.td.is-cursor')).toBe(await cell(2))
  await page.locator('.title-link').first().click()
  await page.locator('.panel .phead-title').waitFor()
  expect(await leftOf('.panel')).toBeLessThan(20)
  const endOfTitle = `(() => {
    const range = document.createRange()
    range.selectNodeContents(document.querySelector('.phead-title'))
    return range.getBoundingClientRect().right
  })()`
  expect(await page.evaluate(endOfTitle)).toBeGreaterThan(440)
  await page.getByRole('tab', { name: 'Details' }).click()
  const [term, value] = [await leftOf('.detail dt'), await leftOf('.detail dd')]
  expect(term).toBeGreaterThan(value)
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByRole('button', { name: 'New lead' }).click()
  const dialog = (await page.getByRole('dialog').boundingBox())!
  expect(await leftOf('.dialog-head .btn')).toBeLessThan(dialog.x + dialog.width / 3)
  expect(complaints).toEqual([])
  await context.close()
})

it('speaks German to a German browser', async () => {
  const context = await studio.browser.newContext({ baseURL: studio.url, locale: 'de-DE' })
  const page = await context.newPage()
  await page.goto('/sign-in')
  await page.getByRole('heading', { name: 'Willkommen zurück' }).waitFor()
  expect(await page.evaluate('document.documentElement.lang')).toBe('de')
  await context.close()
})

it('needs at most 200 kB of scripts, compressed, before the first page', async () => {
  const { files, bytes } = await firstScripts()
  expect(files.length).toBeGreaterThan(2)
  expect(bytes).toBeLessThan(mostFirstBytes)
})
