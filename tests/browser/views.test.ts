import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { png, uploadFile } from '../setup/upload-file.ts'
import { seriousProblems } from './axe.ts'
import { type OpenPage, type PageOptions, type StudioApp, startStudio } from './studio-app.ts'

/** All kinds of views of an object that its organisation has just made. */
let studio: StudioApp

const property = {
  label: 'Property',
  labelPlural: 'Properties',
  plural: 'properties',
  icon: 'house',
  titleField: 'name',
  fields: {
    name: { type: 'text', label: 'Name', required: true, order: 10 },
    status: {
      type: 'select',
      label: 'Status',
      order: 20,
      options: { listed: { label: 'Listed', color: 7 }, sold: { label: 'Sold', color: 5 } },
    },
    price: { type: 'currency', label: 'Price', order: 30 },
    viewingOn: { type: 'date', label: 'Viewing', order: 40 },
    soldOn: { type: 'date', label: 'Sold on', order: 50 },
    position: { type: 'geo', label: 'Position', order: 60 },
    photo: { type: 'image', label: 'Photo', order: 70 },
  },
}
const places = [
  [59.91, 10.75],
  [60.39, 5.32],
  [63.43, 10.4],
] as const
/** Pages that show "today" are in the middle of a month, whenever the tests run and however long. */
const today = `${new Date().toISOString().slice(0, 8)}12`
const day = (date: number): string => `${today.slice(0, 8)}${String(date).padStart(2, '0')}`
async function openOnTwelfth(options?: PageOptions): Promise<OpenPage> {
  const opened = await studio.open(options)
  const ahead = Date.parse(`${today}T12:00:00Z`) - Date.now()
  await opened.context.addInitScript(`globalThis.Date = new Proxy(Date, {
    construct: (real, values, as) =>
      Reflect.construct(real, values.length > 0 ? values : [real.now() + ${ahead}], as),
    get: (real, name) => name === 'now' ? () => real.now() + ${ahead} : Reflect.get(real, name),
  })`)
  return opened
}

async function ask(method: string, url: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await studio.org.call(method, url, body)
  expect(answer.statusCode, `${url}: ${answer.body}`).toBeLessThan(300)
  return answer.json()
}
const set = (path: string[], value: unknown) => ({ op: 'set', path, value })
async function publish(ops: object[]): Promise<void> {
  await ask('PATCH', '/studio/draft', { ops })
  const { hash } = await ask('POST', '/studio/plan', {})
  await ask('POST', '/studio/publish', { hash, message: 'Properties' })
}

beforeAll(async () => {
  studio = await startStudio()
  const page = { label: 'Properties', path: '/properties', entity: 't:property', group: 'records' }
  await publish([set(['entities', 'property'], property), set(['pages', 'properties'], page)])
  const photo = (await uploadFile(studio.org, 'front.png', png)).json<{ id: string }>()
  for (let n = 1; n <= 9; n++) {
    const [lat, lng] = places[n % 3]!
    await ask('POST', '/properties', {
      name: `House ${n}`,
      status: n % 2 ? 'listed' : 'sold',
      price: { amount: String(n * 100_000), currency: 'EUR' },
      viewingOn: day(n <= 5 ? 12 : n + 9),
      soldOn: n === 9 ? day(20) : null,
      position: { lat, lng },
      ...(n === 1 ? { photo: photo.id } : {}),
    })
  }
}, 240_000)
afterAll(() => studio?.stop())

/** Chooses a kind in the switcher. */
async function show(page: Page, kind: string): Promise<void> {
  const choice = page.getByRole('radio', { name: kind, exact: true })
  await page.locator('.view-trigger').click()
  await choice.click()
  await page.keyboard.press('Escape')
  await choice.waitFor({ state: 'hidden' })
}
const viewing = async (name: string): Promise<unknown> => {
  const filter = encodeURIComponent(JSON.stringify({ name }))
  const { data } = await ask('GET', `/properties?filter=${filter}`, undefined)
  return (data as Record<string, unknown>[])[0]?.['viewingOn']
}

it('a new object is seen in seven ways, and moved in a calendar', async () => {
  const { page, context, complaints } = await openOnTwelfth()
  const problems: Record<string, string[]> = {}
  const look = async (kind: string) => {
    const found = await seriousProblems(page)
    if (found.length > 0) problems[kind] = found
  }
  await page.goto('/properties')
  await page.getByRole('row', { name: /House 1/ }).waitFor()

  await show(page, 'Board')
  await page.getByRole('heading', { name: 'Listed' }).waitFor()

  await show(page, 'Calendar')
  await page.locator('.calbar', { hasText: 'House 9' }).waitFor()
  // Three have room on the twelfth, two are behind a button.
  const more = page.getByRole('button', { name: '+2 more' })
  await more.waitFor()
  await look('calendar')
  const bar = page.locator('.calbar', { hasText: 'House 9' }).getByRole('button').first()
  await bar.focus()
  await page.keyboard.press('Alt+ArrowLeft')
  await expect.poll(() => viewing('House 9')).toBe(day(17))
  await page
    .locator('.calbar', { hasText: 'House 8' })
    .dragTo(page.locator(`[data-day="${day(6)}"]`))
  // It would leave before it is needed; not while somebody points at it.
  const notice = page.locator('.toast', { hasText: 'House 8' })
  await notice.hover()
  await expect.poll(() => viewing('House 8')).toBe(day(6))
  await notice.getByRole('button', { name: /Undo/ }).click()
  await expect.poll(() => viewing('House 8')).toBe(day(17))
  await page.locator(`[data-day="${day(3)}"]`).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog').waitFor()
  await page.keyboard.press('Escape')

  await show(page, 'Gallery')
  await page.locator('.gcard', { hasText: 'House 1' }).locator('img').waitFor()
  await look('gallery')

  await show(page, 'Map')
  await page.getByText('No map tiles are set up').waitFor()
  await expect.poll(() => page.locator('.map-mark').count()).toBe(3)
  await page.locator('.map').focus()
  for (let n = 0; n < 12; n++) await page.keyboard.press('-')
  await expect.poll(() => page.locator('.map-mark').count()).toBe(1)
  await page.getByRole('button', { name: '9 records around' }).waitFor()
  await page.keyboard.press('0')
  await expect.poll(() => page.locator('.map-mark').count()).toBe(3)
  await look('map')

  await show(page, 'Timeline')
  await page.locator('.tlbar', { hasText: 'House 9' }).waitFor()
  await look('timeline')

  await show(page, 'Chart')
  await page.locator('.chart-picture canvas').waitFor()
  await page.getByRole('row', { name: 'Listed 5' }).waitFor()
  await look('chart')

  // What was changed is in the address, and kept under a name.
  await page.getByRole('button', { name: 'Save as' }).click()
  await page.getByLabel('Name of the view').fill('By status')
  await page.getByRole('radio', { name: 'Everybody' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('tab', { name: 'By status', selected: true }).waitFor()
  await page.getByRole('row', { name: 'Listed 5' }).waitFor()
  expect(new URL(page.url()).searchParams.get('kind')).toBe(null)
  expect(problems).toEqual({})
  expect(complaints).toEqual([])
  await context.close()
})

it('a filter of groups is built and applied, and a view that lost its field says so', async () => {
  const { page, context, complaints } = await openOnTwelfth()
  const filter = { $or: [{ name: 'House 1' }, { price: { $gte: 900_000 } }] }
  await page.goto(`/properties?filter=${encodeURIComponent(JSON.stringify(filter))}`)
  await page.getByRole('row', { name: /House 9/ }).waitFor()
  expect(await page.getByRole('row', { name: /House/ }).count()).toBe(2)
  await page.getByRole('button', { name: 'Any of 2' }).click()
  const dialog = page.getByRole('dialog')
  await dialog
    .getByRole('group', { name: 'Any of these' })
    .getByRole('radio', { name: 'All of these' })
    .click()
  expect(['builder', await seriousProblems(page)]).toEqual(['builder', []])
  await dialog.getByRole('button', { name: 'Apply' }).click()
  await page.getByText('Nothing matches').waitFor()

  await ask('POST', '/saved-views', {
    name: 'Viewings',
    entityRef: 't:property',
    shared: true,
    body: { kind: 'calendar', calendar: { date: 'gone' }, filter: { away: 1, status: 'sold' } },
  })
  await page.goto('/properties')
  await page.getByRole('tab', { name: 'Viewings' }).click()
  await page.getByText('Removed, or hidden from you: away, gone').waitFor()
  await page.locator('.calbar', { hasText: 'House 8' }).waitFor()
  expect(await page.locator('.calbar', { hasText: 'House 1' }).count()).toBe(0)
  expect(complaints).toEqual([])
  await context.close()
})

/** A browser of somebody else's, who has just accepted their invitation. */
async function openAs(role: string): Promise<OpenPage> {
  const { headers } = await joinOrg(studio.app, studio.org, role)
  const [name = '', value = ''] = String(headers['cookie']).split('=')
  const opened = await studio.open({ isSignedOut: true })
  await opened.context.addCookies([{ name, value, url: studio.url }])
  return opened
}
const tab = (page: Page, name: string) => page.getByRole('tab', { name: new RegExp(`^${name}`) })
/** Names of the views that people saved, of those that this test makes. */
async function ownTabs(page: Page): Promise<string[]> {
  await page.reload()
  await tab(page, 'For all').waitFor()
  const all = await page.getByRole('tab').allInnerTexts()
  return all.flatMap((text) => /^(For|Copy)[ \w]*/.exec(text.trim())?.[0] ?? [])
}
interface Saved {
  readonly name: string
  readonly who: string
  readonly role?: string
  readonly isLocked?: boolean
}
async function saveAs(page: Page, { name, who, role, isLocked }: Saved): Promise<void> {
  await page.getByRole('button', { name: 'Save as' }).click()
  await page.getByLabel('Name of the view').fill(name)
  await page.getByRole('radio', { name: who, exact: true }).click()
  if (role) await page.getByRole('checkbox', { name: role, exact: true }).click()
  if (isLocked) await page.getByRole('switch', { name: 'Lock the view against changes' }).click()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('tab', { name: new RegExp(`^${name}`), selected: true }).waitFor()
}

it('a view is seen by those whom it was saved for, and stays as it is while it is locked', async () => {
  const [ada, rita, vic] = await Promise.all([
    studio.open(),
    openAs('platform.people:rep'),
    openAs('platform.people:viewer'),
  ])
  const changed = '/properties?sort=-price'
  const dot = (page: Page) => page.locator('.viewtab[aria-selected=true] .dot')
  for (const saved of [
    { name: 'For me', who: 'Only me' },
    { name: 'For reps', who: 'People with these roles', role: 'Sales rep' },
    { name: 'For all', who: 'Everybody', isLocked: true },
  ]) {
    await ada.page.goto(changed)
    await dot(ada.page).waitFor()
    await saveAs(ada.page, saved)
    expect(await dot(ada.page).count()).toBe(0)
  }
  await Promise.all([rita, vic].map(({ page }) => page.goto('/properties')))
  expect(await ownTabs(vic.page)).toEqual(['For all'])
  expect(await ownTabs(rita.page)).toEqual(['For all', 'For reps'])
  // Nor does a link lead there.
  await tab(rita.page, 'For reps').click()
  await rita.page.getByRole('tab', { name: /^For reps/, selected: true }).waitFor()
  await vic.page.goto(new URL(rita.page.url()).pathname + new URL(rita.page.url()).search)
  await vic.page.getByRole('tab', { selected: true }).waitFor()
  expect(await tab(vic.page, 'For reps').count()).toBe(0)

  // Whoever may not change it keeps what they see under a name of their own.
  const save = (page: Page) => page.getByRole('button', { name: 'Save view' })
  await tab(rita.page, 'For all').click()
  await rita.page.getByRole('tab', { name: /^For all.*locked/, selected: true }).waitFor()
  await rita.page.goto(`${rita.page.url()}&sort=name`)
  await dot(rita.page).waitFor()
  expect(await save(rita.page).count()).toBe(0)
  await saveAs(rita.page, { name: 'Copy', who: 'Only me' })
  expect(await ownTabs(rita.page)).toEqual(['Copy', 'For all', 'For reps'])

  // Nor does its owner, before they unlock it.
  expect(await ownTabs(ada.page)).toEqual(['For all', 'For me', 'For reps'])
  await ada.page.goto(`${ada.page.url()}&sort=name`)
  await dot(ada.page).waitFor()
  expect(await save(ada.page).count()).toBe(0)
  await ada.page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
  await ada.page.getByRole('menuitem', { name: 'Unlock the view' }).click()
  await save(ada.page).click()
  await dot(ada.page).waitFor({ state: 'hidden' })
  expect(await ownTabs(vic.page)).toEqual(['For all'])
  await tab(vic.page, 'For all').click()
  await vic.page
    .getByRole('columnheader', { name: /Name/ })
    .and(vic.page.locator('[aria-sort=ascending]'))
    .waitFor()
  for (const { complaints, context } of [ada, rita, vic]) {
    expect(complaints).toEqual([])
    await context.close()
  }
})

it('every kind has room on a phone', async () => {
  const { page, context, complaints } = await openOnTwelfth({ isPhone: true, colorScheme: 'dark' })
  for (const kind of ['calendar', 'gallery', 'map', 'timeline', 'chart']) {
    await page.goto(`/properties?kind=${kind}`)
    await page
      .locator('.calphone-day, .gcard, .map-mark, .tlbar, .chart-picture canvas')
      .first()
      .waitFor()
    expect([kind, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([kind, 390])
    expect([kind, await seriousProblems(page)]).toEqual([kind, []])
  }
  expect(complaints).toEqual([])
  await context.close()
})

it('a long table is jumped through, and what is done to rows far away waits until they are there', async () => {
  const numbered = (n: number) => `Row ${String(n).padStart(3, '0')}`
  await ask('POST', '/leads/bulk', {
    create: Array.from({ length: 650 }, (_, n) => ({ name: numbered(n + 1), company: 'Long' })),
  })
  const { page, context, complaints } = await studio.open()
  await page.goto(`/leads?filter=${encodeURIComponent('{"company":"Long"}')}&sort=name`)
  const row = (n: number) => page.locator(`.tbody .tr[aria-rowindex="${n + 1}"]`)
  await row(1).getByText(numbered(1)).waitFor()
  const jump = (share: number) =>
    page
      .locator('.grid-table')
      .evaluate((table: { scrollTop: number; scrollHeight: number }, part) => {
        table.scrollTop = table.scrollHeight * part
      }, share)
  await jump(0.6)
  await row(400).getByText(numbered(400)).waitFor()
  await jump(1)
  await row(650).getByText(numbered(650)).waitFor()
  await expect.poll(() => page.locator('.is-gap').count()).toBe(0)

  // From the last row back to one between which nobody has been.
  const heads = await page.locator('.thead .head-cell').allInnerTexts()
  const col = heads.findIndex((head) => head.trim() === 'Company')
  await page.locator(`#cell-649-${col}`).click()
  await jump(0.25)
  await row(165).getByText(numbered(165)).waitFor()
  await page.locator(`#cell-164-${col}`).click({ modifiers: ['Shift'] })
  await page.keyboard.press('Delete')
  await page.locator('.toast', { hasText: '486' }).waitFor()
  const cleared = encodeURIComponent('{"company":null,"name":{"$startsWith":"Row "}}')
  const found = await studio.org.call('GET', `/leads?limit=1&count=exact&filter=${cleared}`)
  expect(found.json().page.count).toBe(486)
  expect(complaints).toEqual([])
  await context.close()
})
