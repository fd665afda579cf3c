import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { RouteRecordRaw } from 'vue-router'
import { seriousProblems } from './axe.ts'
import { readFromRight, readGerman } from './sign-in.ts'
import { type StudioApp, startStudio } from './studio-app.ts'
import { visit, walkIn } from './walk.ts'

/** Every page of the studio that its router knows, with something in it. */
const samples: Readonly<Record<string, readonly string[]>> = {
  'objects/:ref': [
    'objects/crm.leads:lead?field=score',
    'objects/crm.leads:lead?tab=layout',
    'objects/crm.leads:lead?tab=settings',
  ],
  'points/:point': ['points/views', 'points/locales'],
  'points/:point/:ref': [
    'points/views/crm.leads:open',
    'points/layouts/crm.accounts:account',
    'points/dashboards/crm.insights:sales',
    'points/pages/crm.leads:leads',
    'points/roles/platform.people:viewer',
  ],
  'roles/:ref': ['roles/platform.people:viewer', 'roles/platform.people:viewer?tab=fields'],
  // One that is not there: how a run looks is in workflows.test.ts.
  'workflows/:ref/try': ['workflows/t%3Anothing/try'],
  'runs/:id': ['runs/01a21472-aeb3-7521-befb-59aa9338c6cf'],
  explorer: ['explorer?object=leads', 'explorer?object=leads&mode=query'],
}
// By its name alone, because only the studio's own compiler reads the pages that it loads.
const router = '../../studio/routes.ts'
const { routes } = (await import(router)) as { routes: readonly RouteRecordRaw[] }
const studioRoute = routes.find(({ path }) => path === '/studio')
const paths = (studioRoute?.children ?? []).flatMap(({ path, redirect }) =>
  redirect ? [] : (samples[path] ?? [path]).map((one) => `/studio/${one}`),
)

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
  const field = { entity: 'crm.leads:lead', field: { type: 'text', label: 'Berth' } }
  const ops = [{ op: 'set', path: ['fields', 'berth'], value: field }]
  await studio.org.call('PATCH', '/studio/draft', { ops })
}, 240_000)
afterAll(() => studio?.stop())

async function show(page: Page, path: string): Promise<void> {
  await visit(page, path)
  // A preview has one of its own.
  await page.locator('.studio-view .topbar').first().waitFor()
}
const widthOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth')

it('has a page to look at for every address of the router', () => {
  expect(paths.length).toBeGreaterThan(15)
  expect(paths.filter((path) => path.includes('/:'))).toEqual([])
})

it('has no page in which axe finds anything serious, at 1440 px and in the dark at 390 px, where all fits', async () => {
  const desktop = await studio.open()
  const phone = await studio.open({ isPhone: true, colorScheme: 'dark' })
  await show(phone.page, paths[0]!)
  const walkTo = walkIn(phone.page)
  const titleOf = (page: Page) => page.locator('.studio-view h1').first().textContent()
  for (const path of paths) {
    await show(desktop.page, path)
    expect([path, await seriousProblems(desktop.page)]).toEqual([path, []])
    // One opens each address, the other walks from page to page; both come to the same.
    await walkTo(path)
    expect([path, await titleOf(phone.page)]).toEqual([path, await titleOf(desktop.page)])
    expect([path, await widthOf(phone.page)]).toEqual([path, 390])
    expect([path, await seriousProblems(phone.page)]).toEqual([path, []])
  }
  expect([...desktop.complaints, ...phone.complaints]).toEqual([])
  await desktop.context.close()
  await phone.context.close()
})

it('is mirrored for whoever reads from right to left; code is not', async () => {
  const { page, context, complaints } = await studio.open()
  await context.addInitScript(readFromRight)
  const leftOf = async (selector: string): Promise<number> =>
    (await page.locator(selector).first().boundingBox())?.x ?? Number.NaN
  await show(page, '/studio')
  const walkTo = walkIn(page)
  const some = ['objects/crm', 'points/views/', 'roles/', 'plugins', 'revisions', 'mode=query']
  for (const path of paths.filter((one) => some.some((part) => one.includes(part)))) {
    await walkTo(path)
    expect([path, await widthOf(page)]).toEqual([path, 1440])
    expect(await leftOf('.sidebar')).toBeGreaterThan(await leftOf('.studio-view'))
  }
  await show(page, '/studio/points/views/crm.leads:open')
  expect(await leftOf('.studio-form')).toBeGreaterThan(await leftOf('.faces'))
  await page.locator('.cm-lineNumbers').waitFor()
  expect(await leftOf('.cm-lineNumbers')).toBeLessThan(await leftOf('.cm-content'))
  expect(complaints).toEqual([])
  await context.close()
})

it('is read in German: pages, points, what stands under them and the words of its forms', async () => {
  const { page, context, complaints } = await studio.open()
  await context.addInitScript(readGerman)
  const sidebar = page.locator('.sidebar')
  await show(page, '/studio/points/schedules')
  await page.getByRole('heading', { level: 1, name: 'Zeitpläne' }).waitFor()
  for (const name of ['Objekte', 'Seiten', 'Ansichten', 'Datenblick', 'Revisionen'])
    await sidebar.getByText(name, { exact: true }).waitFor()
  await show(page, '/studio/objects')
  await page.getByRole('link', { name: 'Verkaufschance', exact: true }).waitFor()
  await show(page, '/studio/points/views/crm.leads:open')
  await page.getByRole('heading', { level: 1, name: 'Offene Leads' }).waitFor()
  await page.getByText('Wie in einer Liste: -score,createdAt.').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})
