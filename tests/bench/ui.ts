/**
 * `npm run bench:ui`: how the generated CRM feels with 100,000 leads, in a real browser. Prints what it saw beside what is
 * wanted and never fails on a figure. `-- --rows 20000` makes it shorter, `-- --only jump` looks at one thing.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { House } from '../../kernel/boot.ts'
import { openEmbedded } from '../../kernel/database/embedded.ts'
import { start } from '../../kernel/main.ts'
import { ensureBuilt, firstScripts } from '../../studio/build.ts'
import { openBrowser } from '../browser/browser.ts'
import { adminPassword, desktop, signIn } from '../browser/sign-in.ts'
import { seed } from './search.ts'

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '100000' }, only: { type: 'string' } },
})
const rows = Number(values.rows)
const email = 'bench@example.test'
const say = (line = '') => process.stdout.write(`${line}\n`)
const table = '.grid-table'

interface Studio {
  readonly browser: Browser
  readonly page: Page
  readonly context: BrowserContext
  readonly url: string
}

async function makeLeads(house: House, adminUrl: string): Promise<void> {
  const { orgId } = await house.accounts.provision({
    orgName: 'Bench',
    slug: 'bench',
    email,
    password: adminPassword,
  })
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    await seed(client, orgId, rows)
    await client.query('vacuum analyze tenant.crm_leads_lead')
  } finally {
    await client.end()
  }
}

/** What makes the records findable works beside everything else; people who scroll come later. */
async function untilQuiet(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    for (let quiet = 0; quiet < 4; ) {
      await sleep(500)
      const { rowCount } = await client.query(
        "select from tenant.job where state = 'running' or (state = 'ready' and run_at <= now()) limit 1",
      )
      quiet = rowCount === 0 ? quiet + 1 : 0
    }
  } finally {
    await client.end()
  }
}

/** A browser that has seen nothing yet but is signed in. */
async function paint({ browser, context, url }: Studio): Promise<void> {
  for (const [name, where] of [
    ['Home', '/'],
    ['leads', '/leads'],
  ] as const) {
    const seen: number[] = []
    for (let i = 0; i < 5; i++) {
      const fresh = await browser.newContext({
        baseURL: url,
        viewport: desktop,
        storageState: await context.storageState(),
      })
      const page = await fresh.newPage()
      await page.goto(where)
      await page.waitForLoadState('networkidle')
      seen.push(
        await page.evaluate<number>(`new Promise((resolve) => {
          new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime))
            .observe({ type: 'largest-contentful-paint', buffered: true })
        })`),
      )
      await fresh.close()
    }
    say(
      `| largest contentful paint of ${name}, empty cache, median of 5 | ${ms(median(seen))} | 1500 ms |`,
    )
  }
}

/** Frames in which a row in sight was blank, or not there. */
async function scroll({ page }: Studio): Promise<void> {
  await openLeads(page)
  const { frames, blank, fps, reached } = await page.evaluate<{
    frames: number
    blank: number
    fps: number
    reached: number
  }>(`(${scrollInPage})(document.querySelector('${table}'), 3000, 10)`)
  say(
    `| frames with an empty row, 10 s at 3,000 px/s down to row ${Math.round(reached)} (${fps.toFixed(0)} frames/s) | ${blank} of ${frames} | 0 |`,
  )
}

const visible = `(scroller) => {
  const box = scroller.getBoundingClientRect()
  const head = scroller.querySelector('.thead').getBoundingClientRect().bottom
  const foot = box.bottom - 40
  let until = head
  let blank = false
  const rows = [...scroller.querySelectorAll('.tbody > .tr')]
    .map((row) => ({ row, at: row.getBoundingClientRect() }))
    .filter(({ at }) => at.bottom > head && at.top < foot)
    .sort((a, b) => a.at.top - b.at.top)
  for (const { row, at } of rows) {
    if (at.top > until + 2 || row.classList.contains('is-gap')) blank = true
    until = at.bottom
  }
  return !blank && until >= foot - 2
}`

const scrollInPage = `async (scroller, speed, seconds) => {
  const isWhole = ${visible}
  const began = performance.now()
  let last = began, frames = 0, blank = 0
  for (;;) {
    const now = await new Promise(requestAnimationFrame)
    if (!isWhole(scroller)) blank++
    frames++
    if (now - began > seconds * 1000) break
    scroller.scrollTop += (speed * (now - last)) / 1000
    last = now
  }
  const height = scroller.querySelector('.tbody > .tr').getBoundingClientRect().height
  return { frames, blank, fps: frames / seconds, reached: scroller.scrollTop / height }
}`

/** From letting go of the bar until every row in sight has its record. */
async function jump({ page }: Studio): Promise<void> {
  await openLeads(page)
  const { seen, asked, begun } = await page.evaluate<
    Record<'seen' | 'asked' | 'begun', number[]>
  >(`(async (scroller) => {
    const isWhole = ${visible}
    const frame = () => new Promise(requestAnimationFrame)
    const seen = [], asked = [], begun = []
    for (const share of [0.5, 0.9, 0.1, 0.73, 0.31, 0.99, 0.62, 0.05, 0.8, 0.42]) {
      scroller.scrollTop = share * scroller.scrollHeight
      const began = performance.now()
      await frame()
      while (!isWhole(scroller) && performance.now() - began < 5000) await frame()
      seen.push(performance.now() - began)
      const requests = performance.getEntriesByType('resource')
        .filter(({ name, startTime }) => name.includes('offset=') && startTime >= began)
      begun.push(Math.min(...requests.map(({ startTime }) => startTime)) - began)
      asked.push(Math.max(...requests.map(({ responseEnd }) => responseEnd)) - began)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return { seen, asked, begun }
  })(document.querySelector('${table}'))`)
  say(`| skeletons after a jump of the bar, median of ${seen.length} | ${ms(median(seen))} | |`)
  say(`| the longest | ${ms(Math.max(...seen))} | 300 ms |`)
  say(
    `| of it until the server was asked, and until it had answered | ${ms(median(begun))}, ${ms(median(asked))} | |`,
  )
}

/** From the key that ends the edit to the frame that shows the value, with a slow network. */
async function edit({ page, context }: Studio): Promise<void> {
  await openLeads(page)
  const session = await context.newCDPSession(page)
  await session.send('Network.enable')
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 300,
    downloadThroughput: -1,
    uploadThroughput: -1,
  })
  const heads = await page.locator('.thead .head-cell').allInnerTexts()
  const col = heads.findIndex((head) => head.trim() === 'Company')
  const seen: number[] = []
  for (let row = 0; row < 20; row++) {
    await page.locator(`#cell-${row}-${col}`).click()
    await page.keyboard.press('Enter')
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(`Edited ${row}`)
    await page.evaluate(`(${watchEdit})(${row}, ${col})`)
    await page.keyboard.press('Enter')
    seen.push(await page.evaluate<number>('globalThis.benchEdit'))
    await page.waitForTimeout(50)
  }
  seen.sort((a, b) => a - b)
  say(
    `| inline edit, key to frame, network of 300 ms, median of 20 | ${ms(median(seen))} | 50 ms |`,
  )
  say(`| p95 | ${ms(seen[18]!)} | 120 ms |`)
}
const watchEdit = `(row, col) => {
  globalThis.benchEdit = new Promise((resolve) => {
    addEventListener('keydown', (event) => {
      const began = event.timeStamp
      const look = (now) =>
        document.getElementById('cell-' + row + '-' + col)?.textContent.includes('Edited ' + row)
          && !document.querySelector('#cell-' + row + '-' + col + ' input')
          ? requestAnimationFrame((shown) => resolve(shown - began))
          : requestAnimationFrame(look)
      requestAnimationFrame(look)
    }, { capture: true, once: true })
  })
}`

async function openLeads(page: Page): Promise<void> {
  await page.goto('/leads')
  await page.locator('.tbody .tr').nth(20).waitFor()
  await page.waitForLoadState('networkidle')
}
function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
const ms = (value: number) => `${value.toFixed(0)} ms`

const dataDir = await mkdtemp(path.join(tmpdir(), 'runway-bench-ui-'))
const embedded = await openEmbedded({ dataDir })
const opened = await start(
  {
    ...process.env,
    PORT: '0',
    LOG_LEVEL: 'error',
    RUNWAY_DATA_DIR: dataDir,
    RUNWAY_DEMO: 'false',
    RUNWAY_RATE_LIMIT: '0',
  },
  () => {},
)
const browser = await openBrowser()
try {
  await ensureBuilt({ log: () => {} })
  await makeLeads(opened.house, embedded.adminUrl)
  const address = opened.house.app?.server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  const context = await browser.newContext({ baseURL: url, viewport: desktop, locale: 'en-GB' })
  const page = await context.newPage()
  await signIn(page, email)
  await untilQuiet(embedded.adminUrl)
  const studio = { browser, page, context, url }
  say(`${rows} leads, 1440 × 900, load average ${loadavg()[0]!.toFixed(1)}\n`)
  say('| what | seen | wanted |')
  say('|---|---:|---:|')
  const { bytes } = await firstScripts()
  say(`| first scripts, gzipped | ${(bytes / 1000).toFixed(1)} kB | 200 kB |`)
  for (const [name, look] of Object.entries({ paint, scroll, jump, edit }))
    if (values.only === undefined || values.only === name) await look(studio)
} finally {
  await browser.close()
  await opened.close()
  await embedded.stop()
  await rm(dataDir, { recursive: true, force: true })
}
