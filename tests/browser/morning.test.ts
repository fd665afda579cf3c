import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { png } from '../setup/upload-file.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** The morning of a sales person, on leads and again on an object that was made a minute ago. */
let studio: StudioApp
let open: OpenPage
let page: Page
beforeAll(async () => {
  studio = await startStudio()
  open = await studio.open()
  page = open.page
}, 240_000)
beforeEach(() => void open.complaints.splice(0))
afterAll(() => studio?.stop())

const numbers = Array.from({ length: 20 }, (_, n) => n + 1)
const two = (n: number) => String(n).padStart(2, '0')
type Row = Readonly<Record<string, unknown>> & { readonly id: string }

async function ask<T = Row>(method: string, url: string, body?: unknown): Promise<T> {
  const answer = await studio.org.call(method, url, body)
  expect(answer.statusCode, `${url}: ${answer.body}`).toBeLessThan(300)
  return answer.json<T>()
}
async function find(plural: string, filter: object): Promise<readonly Row[]> {
  const asked = `filter=${encodeURIComponent(JSON.stringify(filter))}&limit=50&sort=name`
  return (await ask<{ data: readonly Row[] }>('GET', `/${plural}?${asked}`)).data
}
const press = (...keys: string[]) =>
  keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve())

async function importRows(plural: string, csv: string, rows: number): Promise<void> {
  await page.goto(`/imports?entity=${plural}`)
  await page.getByLabel('CSV file').setInputFiles({
    name: `${plural}.csv`,
    mimeType: 'text/csv',
    buffer: Buffer.from(csv),
  })
  await page.getByRole('button', { name: `Import ${rows} rows` }).click()
  await page.getByRole('heading', { name: 'Imported' }).waitFor()
}

/** Without touching the mouse: down the rows, a letter or two of the option, Enter. */
async function triage(address: string, column: string, words: readonly string[]): Promise<void> {
  await page.goto(address)
  await page
    .locator('.tbody .tr')
    .nth(words.length - 1)
    .waitFor()
  const heads = await page.locator('.thead .head-cell').allInnerTexts()
  const col = heads.findIndex((head) => head.trim() === column)
  await press('ArrowDown', 'ArrowDown')
  await page.locator('#cell-0-0.is-cursor').waitFor()
  for (let at = 0; at < col; at++) await press('ArrowRight')
  for (const [row, word] of words.entries()) {
    await press('Enter')
    await page.getByRole('option').first().waitFor()
    await page.locator('.picker input:focus').waitFor()
    await page.keyboard.type(word)
    await press('Enter')
    await page.locator(`#cell-${row}-${col}`, { hasText: new RegExp(word, 'i') }).waitFor()
    await page.locator('.grid-table:focus').waitFor()
    await press('ArrowDown')
  }
}
async function write(kind: string, text: string): Promise<void> {
  const button = page.getByRole('button', { name: kind, exact: true })
  if ((await button.count()) > 0) await button.first().click()
  await page.getByLabel(`Write: ${kind}`).fill(text)
}

it('a morning with leads: import, triage by keyboard, qualify, convert, move the deal, note, task, dashboard', async () => {
  const lines = numbers.map((n) => `Morning ${two(n)},Morning Marine,New,${n}`)
  await importRows('leads', ['Name,Company,Status,Score', ...lines].join('\n'), 20)

  const words = numbers.map((n) => (n === 1 ? 'Qualified' : n % 3 === 0 ? 'Unqual' : 'Contacted'))
  await triage('/leads?view=crm.leads%3Aall&q=Morning&sort=name', 'Status', words)
  const leads = await find('leads', { name: { $startsWith: 'Morning ' } })
  expect(leads.map(({ status }) => status)).toEqual(
    numbers.map((n) => (n === 1 ? 'qualified' : n % 3 === 0 ? 'unqualified' : 'contacted')),
  )

  // The first one becomes a deal, by the palette.
  const [first] = leads
  await page.goto(`/leads/${first?.id}`)
  await page.getByRole('heading', { name: 'Morning 01' }).first().waitFor()
  await press('Control+k')
  await page.getByRole('dialog').getByRole('textbox').fill('Convert')
  await page
    .getByRole('option', { name: /^Convert/ })
    .first()
    .waitFor()
  await press('Enter')
  await page.getByRole('dialog', { name: 'Convert' }).getByRole('button', { name: 'Run' }).click()
  await page.getByText('Convert: done').waitFor()
  const lead = await ask('GET', `/leads/${first?.id}`)
  expect(lead['status']).toBe('converted')
  const dealUrl = `/opportunities/${String(lead['opportunityId'])}`
  const deal = await ask('GET', dealUrl)

  await page.goto(`/opportunities?view=crm.opportunities%3Apipeline&q=${deal['name']}`)
  await page.getByRole('button', { name: `Move ${deal['name']}` }).focus()
  await press('Enter')
  const stage = page.getByRole('menuitem', { name: 'Proposal', exact: true })
  await stage.press('Enter')
  await expect.poll(async () => (await ask('GET', dealUrl))['stage']).toBe('proposal')

  await page.goto(dealUrl)
  await write('Note', 'Wants both docks before the summer.')
  await press('Control+Enter')
  await page.getByRole('listitem').filter({ hasText: 'Wants both docks' }).waitFor()
  await write('Task', 'Send the offer with both docks.')
  await page.getByLabel(/^Title/).fill('Send the offer')
  await press('Control+Enter')
  await page.getByRole('listitem').filter({ hasText: 'Send the offer' }).first().waitFor()

  await page.goto('/')
  await page.locator('.dashtile canvas').first().waitFor()
  expect(open.complaints).toEqual([])
})

it('the same morning with properties, an object that is a minute old', async () => {
  const option = (label: string, color: number) => ({ label, color })
  const fields = {
    name: { type: 'text', label: 'Name', required: true, order: 10 },
    address: { type: 'address', label: 'Address', order: 20 },
    status: {
      type: 'select',
      label: 'Status',
      order: 30,
      options: {
        listed: option('Listed', 7),
        viewed: option('Viewed', 4),
        sold: option('Sold', 5),
      },
    },
    price: { type: 'currency', label: 'Price', order: 40 },
    viewingOn: { type: 'date', label: 'Viewing', order: 50 },
    photos: { type: 'files', label: 'Photos', order: 60 },
  }
  const definition = {
    ...{ label: 'Property', labelPlural: 'Properties', plural: 'properties', icon: 'house' },
    ...{ titleField: 'name', fields },
  }
  const menu = { label: 'Properties', path: '/properties', icon: 'house', entity: 't:property' }
  await ask('PATCH', '/studio/draft', {
    ops: [
      { op: 'set', path: ['entities', 'property'], value: definition },
      { op: 'set', path: ['pages', 'properties'], value: { ...menu, group: 'records', order: 95 } },
    ],
  })
  const { hash } = await ask<{ hash: string }>('POST', '/studio/plan', {})
  await ask('POST', '/studio/publish', { hash, message: 'Properties' })

  const lines = numbers.map((n) => `House ${two(n)},${100_000 + n * 1000},Listed,2026-12-${two(n)}`)
  await importRows('properties', ['Name,Price,Status,Viewing', ...lines].join('\n'), 20)
  const words = numbers.map((n) => (n % 4 === 0 ? 'Sold' : 'Viewed'))
  await triage('/properties?sort=name', 'Status', words)
  const houses = await find('properties', {})
  expect(houses.map(({ status }) => status)).toEqual(words.map((word) => word.toLowerCase()))

  await page.goto('/properties?kind=board')
  await page.getByRole('button', { name: 'Move House 01' }).focus()
  await press('Enter')
  await page.getByRole('menuitem', { name: 'Sold', exact: true }).press('Enter')
  const [house] = houses
  await expect
    .poll(async () => (await ask('GET', `/properties/${house?.id}`))['status'])
    .toBe('sold')

  await page.goto(`/properties/${house?.id}`)
  await page.getByRole('heading', { name: 'House 01' }).first().waitFor()
  await page.getByRole('button', { name: 'Change: Photos' }).click()
  await page
    .locator('.filesfield input[type=file]')
    .setInputFiles({ name: 'front.png', mimeType: 'image/png', buffer: png })
  await page.locator('.filesfield', { hasText: 'front.png' }).waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect
    .poll(async () => JSON.stringify((await ask('GET', `/properties/${house?.id}`))['photos']))
    .toContain('front.png')

  await page.goto('/properties?kind=chart')
  await page.locator('.chart-picture canvas').waitFor()
  expect(open.complaints).toEqual([])
})
