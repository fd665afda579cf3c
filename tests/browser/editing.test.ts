import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** Tables by keyboard and clipboard, what becomes of edits that cannot be saved, and the way back. */
let studio: StudioApp
let open: OpenPage
let page: Page
beforeAll(async () => {
  studio = await startStudio()
  open = await studio.open()
  page = open.page
  await open.context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: studio.url })
}, 240_000)
beforeEach(() => void open.complaints.splice(0))
afterAll(() => studio?.stop())

interface Lead extends Readonly<Record<string, unknown>> {
  readonly id: string
}
const make = async (name: string, values: object = {}, plural = 'leads'): Promise<Lead> =>
  (await studio.org.call('POST', `/${plural}`, { name, ...values })).json<Lead>()
const read = async (id: string): Promise<Lead> =>
  (await studio.org.call('GET', `/leads/${id}`)).json<Lead>()
const valuesOf = (leads: readonly Lead[], field: string): Promise<unknown[]> =>
  Promise.all(leads.map(async ({ id }) => (await read(id))[field]))
const changes = async (): Promise<number> =>
  (await studio.org.call('GET', '/changes?limit=100')).json<{ data: unknown[] }>().data.length
const press = (...keys: string[]) =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())
const copyText = (text: string) =>
  page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
const dialog = (name: string) => page.getByRole('dialog', { name })
const toast = (text: string | RegExp) => page.locator('.toast', { hasText: text })

/** Leads in a table of their own, in the order of their names. */
async function openTable(word: string, rows: number): Promise<void> {
  await page.goto(`/leads?q=${encodeURIComponent(word)}&sort=name`)
  await page
    .locator('.tbody .tr')
    .nth(rows - 1)
    .waitFor()
}
/** A cell by the label of its column. */
async function cell(row: number, column: string) {
  const heads = await page.locator('.thead .head-cell').allInnerTexts()
  const col = heads.findIndex((head) => head.trim() === column)
  return page.locator(`#cell-${row}-${col}`)
}
async function clickCell(row: number, column: string): Promise<void> {
  await (await cell(row, column)).click()
}

describe('a range of cells', () => {
  it('is chosen by keyboard, copied as a spreadsheet reads it, filled, cleared, and comes back', async () => {
    const leads: Lead[] = []
    for (const [at, score] of [71, 5, 6].entries())
      leads.push(
        await make(`Ranja ${at}`, { score, company: at === 0 ? '=cmd "quoted"' : 'Plain' }),
      )
    await openTable('Ranja', 3)
    await clickCell(0, 'Score')
    await press('Shift+ArrowDown', 'Shift+ArrowDown')
    expect(await page.locator('.td[data-range]').count()).toBe(3)
    await page
      .locator('[role=status]', { hasText: '3 cells chosen, 3 by 1' })
      .waitFor({ state: 'attached' })
    await press('Control+c')
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe('71\n5\n6')
    expect(await seriousProblems(page)).toEqual([])

    // Down with the first row, and back, and again.
    const before = await changes()
    await press('Control+d')
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([71, 71, 71])
    expect(await changes()).toBe(before + 1)
    const told = toast('Undone').waitFor()
    await press('Control+z')
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([71, 5, 6])
    await told
    await press('Control+Shift+z')
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([71, 71, 71])

    // Whoever clears cells has seen what stands in them.
    await expect
      .poll(() => page.locator('.td[data-range]').allInnerTexts())
      .toEqual(['71', '71', '71'])
    await press('Delete')
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([null, null, null])
    // Through a reload of the tab, once it knows what it has done.
    const kept = () =>
      page.evaluate<number>(
        `JSON.parse(Object.entries(sessionStorage).find(([key]) => key.startsWith('runway.undo'))[1]).undo.length`,
      )
    await expect.poll(kept).toBe(2)
    await page.reload()
    await page.locator('.tbody .tr').nth(2).waitFor()
    await press('Control+z')
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([71, 71, 71])
    expect(open.complaints).toEqual([])
  })

  it('is drawn by mouse, and its handle fills', async () => {
    const leads: Lead[] = []
    for (const [at, company] of ['North', 'South', 'East'].entries())
      leads.push(await make(`Handle ${at}`, { company }))
    await openTable('Handle', 3)
    const from = await cell(0, 'Company')
    const to = await cell(1, 'Company')
    await from.hover()
    await page.mouse.down()
    await to.hover()
    await page.mouse.up()
    expect(await page.locator('.td[data-range]').count()).toBe(2)
    await press('Escape')
    await clickCell(0, 'Company')
    await page.locator('.fill-handle').hover()
    await page.mouse.down()
    await (await cell(2, 'Company')).hover()
    await page.mouse.up()
    await expect.poll(() => valuesOf(leads, 'company')).toEqual(['North', 'North', 'North'])
  })
})

describe('a paste', () => {
  it('of many cells shows what it will do, and one undo takes it back', async () => {
    const leads = [await make('Pasta 1', { score: 1 }), await make('Pasta 2', { score: 2 })]
    await openTable('Pasta', 2)
    await clickCell(0, 'Name')
    const columns = (await page.locator('.thead .head-cell').allInnerTexts()).map((one) =>
      one.trim(),
    )
    const row = (values: Readonly<Record<string, string>>) =>
      columns
        .slice(0, columns.indexOf('Score') + 1)
        .map((name) => values[name] ?? '')
        .join('\t')
    await copyText(
      [
        row({ Name: 'Pasta 1', Status: 'Qualified', Score: '41' }),
        row({ Name: 'Pasta 2', Status: 'Nowhere', Score: 'many' }),
        row({ Name: 'Pasta 3 مرحبا 🍝', Status: 'new', Score: '43' }),
      ].join('\r\n'),
    )
    const before = await changes()
    await press('Control+v')
    const preview = dialog('Paste into the table')
    await preview.getByText('There is no option “Nowhere”.').waitFor()
    await preview.getByText('Write a whole number.').waitFor()
    expect(await preview.getByText('1 new record').count()).toBe(1)
    expect(await seriousProblems(page)).toEqual([])
    if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/paste.png` })
    await preview.getByRole('button', { name: 'Paste what is understood' }).click()
    await expect.poll(() => valuesOf(leads, 'status')).toEqual(['qualified', 'new'])
    await page.getByRole('row', { name: /Pasta 3/ }).waitFor()
    expect(await valuesOf(leads, 'score')).toEqual([41, 2])
    expect(await changes()).toBe(before + 1)
    await press('Control+z')
    await page.getByRole('row', { name: /Pasta 3/ }).waitFor({ state: 'detached' })
    expect(await valuesOf(leads, 'score')).toEqual([1, 2])
  })

  it('of 100,000 cells says what to do instead', async () => {
    await openTable('Pasta', 2)
    await clickCell(0, 'Name')
    await copyText(Array.from({ length: 10_000 }, () => Array(10).fill('x').join('\t')).join('\n'))
    await press('Control+v')
    await dialog('Paste into the table').getByRole('link', { name: 'Import a file' }).waitFor()
    await press('Escape')
    // 20,000 of them are compared while the page lives on.
    await copyText(Array.from({ length: 20_000 }, (_, at) => `Bulk ${at}`).join('\n'))
    await clickCell(0, 'Name')
    await press('Control+v')
    await dialog('Paste into the table').getByText('19,998 new records').waitFor()
    await press('Escape')
    expect(open.complaints).toEqual([])
  })
})

describe('an edit', () => {
  it('waits while the server is away, and collides in sight with what somebody else wrote', async () => {
    const leads = [await make('Offa 1', { score: 1 }), await make('Offa 2', { score: 2 })]
    await openTable('Offa', 2)
    await open.context.setOffline(true)
    await clickCell(0, 'Score')
    await press('8', 'Enter', '9', 'Enter')
    await page.locator('.away', { hasText: '2 edits are kept here' }).waitFor()
    expect(await page.locator('.td.is-waiting').allInnerTexts()).toEqual(['8', '9'])
    if (process.env['SHOTS']) await page.screenshot({ path: `${process.env['SHOTS']}/away.png` })
    await studio.org.call('PATCH', `/leads/${leads[1]?.id}`, { score: 50 })
    await open.context.setOffline(false)
    const conflict = dialog('Score was changed meanwhile')
    await conflict.waitFor()
    expect((await conflict.innerText()).replace(/\s+/g, ' ')).toMatch(/50.*9/)
    await conflict.getByRole('button', { name: 'Save mine' }).click()
    await expect.poll(() => valuesOf(leads, 'score')).toEqual([8, 9])
    await page.locator('.away').waitFor({ state: 'detached' })
  })

  it('that the server refuses goes back, and what was typed is there to be mended', async () => {
    const lead = await make('Refusa', { email: 'r@example.test' })
    await openTable('Refusa', 1)
    await clickCell(0, 'Email')
    await page.keyboard.type('no address')
    await press('Enter')
    await toast('what you wrote is kept').waitFor()
    const email = await cell(0, 'Email')
    expect(await email.innerText()).toContain('r@example.test')
    await email.click()
    await press('Enter')
    expect(await page.locator('.inline-input').inputValue()).toBe('no address')
    await press('Escape')

    // A name without end is refused whole, not cut.
    await clickCell(0, 'Company')
    await copyText('長'.repeat(10_000))
    await press('Enter', 'Control+v', 'Enter')
    await toast(/At most .* characters/).waitFor()
    expect((await read(lead.id))['company']).toBeNull()
    await press('ArrowUp', 'Enter')
    expect(await page.locator('.inline-input').inputValue()).toHaveLength(10_000)
    await press('Escape')
    expect((await read(lead.id))['email']).toBe('r@example.test')
  })

  it('goes on in its own record when others come in above it', async () => {
    const lead = await make('Zzentry', { score: 1 })
    await openTable('Zz', 1)
    await clickCell(0, 'Score')
    await press('6')
    await make('Zza above', { score: 2 })
    await page.locator('#cell-0-0', { hasText: 'Zza above' }).waitFor()
    await press('5', 'Enter')
    await expect.poll(async () => (await read(lead.id))['score']).toBe(65)
  })

  it('of all that match tells what failed and why, and tries that again', async () => {
    const goals: Lead[] = []
    for (const from of ['2026-01-01', '2026-02-01', '2026-09-01'])
      goals.push(await make(`Zielke ${from}`, { target: 10, from, to: '2026-12-31' }, 'goals'))
    const lastDays = async () =>
      (await studio.org.call('GET', '/goals?sort=name'))
        .json<{ data: Lead[] }>()
        .data.filter(({ id }) => goals.some((goal) => goal.id === id))
        .map((goal) => goal['to'])
    await page.goto('/goals?q=Zielke&sort=name')
    await page.locator('.tbody .tr').nth(2).waitFor()
    await page.getByRole('grid').focus()
    await press('Control+a')
    await page.getByRole('toolbar').getByRole('button', { name: 'Edit' }).click()
    await page.getByRole('menuitem', { name: 'To', exact: true }).click()
    await dialog('To of 3 records').getByLabel('To').fill('2026-06-30')
    await dialog('To of 3 records').getByRole('button', { name: 'Save' }).click()
    await toast('2 changed, 1 failed').getByRole('button', { name: 'Show what failed' }).click()
    const failures = dialog('2 changed, 1 failed')
    await failures.getByText('The last day is before the first.').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await studio.org.call('PATCH', `/goals/${goals[2]?.id}`, { from: '2026-03-01' })
    await failures.getByRole('button', { name: 'Try these again' }).click()
    await expect.poll(lastDays).toEqual(['2026-06-30', '2026-06-30', '2026-06-30'])
    // Each of the two goes back by itself.
    await press('Control+z')
    await expect.poll(lastDays).toEqual(['2026-06-30', '2026-06-30', '2026-12-31'])
    await press('Control+z')
    await expect.poll(lastDays).toEqual(['2026-12-31', '2026-12-31', '2026-12-31'])
  })

  it('of a field that somebody changed since stays, and is named', async () => {
    const lead = await make('Sinceria', { score: 1 })
    await openTable('Sinceria', 1)
    await clickCell(0, 'Score')
    await press('7', 'Enter')
    await expect.poll(async () => (await read(lead.id))['score']).toBe(7)
    await studio.org.call('PATCH', `/leads/${lead.id}`, { score: 30 })
    await press('Control+z')
    await toast('Changed since, so it stays: Score of Sinceria').waitFor()
    expect((await read(lead.id))['score']).toBe(30)
  })

  it('on a board is undone and done again', async () => {
    const lead = await make('Borda')
    await page.goto('/leads?view=crm.leads%3Aboard&q=Borda')
    const card = page.locator(`[data-record="${lead.id}"]`)
    await card.dragTo(page.getByRole('region', { name: 'Contacted' }))
    await expect.poll(async () => (await read(lead.id))['status']).toBe('contacted')
    await press('Control+z')
    await page.getByRole('region', { name: 'New' }).locator(`[data-record="${lead.id}"]`).waitFor()
    await press('Control+y')
    await page
      .getByRole('region', { name: 'Contacted' })
      .locator(`[data-record="${lead.id}"]`)
      .waitFor()
    expect((await read(lead.id))['status']).toBe('contacted')
    expect(open.complaints).toEqual([])
  })
})
