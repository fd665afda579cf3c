import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { start } from '../../kernel/main.ts'
import { openBrowser } from './browser.ts'
import { prepareShots } from './shots-data.ts'
import { type Shot, shots } from './shots-pages.ts'
import { desktop, phone, readFromRight, readGerman, signIn } from './sign-in.ts'

/**
 * Screenshots of every page, at 1440 × 900 and at 390 × 844, light, dark, read from the right and in German, into
 * `tests/.output/shots` or the folder of `--out=`. Needs nothing started: it runs the product on a data folder of its
 * own. Words as arguments take only those whose names have one of them; `--look=dark` takes only that look.
 */
const given = (name: string): string[] =>
  process.argv.flatMap((word) =>
    word.startsWith(`--${name}=`) ? [word.slice(name.length + 3)] : [],
  )
const outDir = path.resolve(given('out')[0] ?? path.join(import.meta.dirname, '../.output/shots'))
/** Looks that are taken at the same time: a page waits most of the time. */
const looksAtOnce = 3
const password = 'screenshots-only-password'

const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const lookNames = given('look')
const wanted = shots.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
)

const looks = [
  { name: 'light', viewport: desktop, colorScheme: 'light', hasTouch: false },
  { name: 'dark', viewport: desktop, colorScheme: 'dark', hasTouch: false },
  { name: 'phone', viewport: phone, colorScheme: 'light', hasTouch: true },
  { name: 'phone-dark', viewport: phone, colorScheme: 'dark', hasTouch: true },
  { name: 'rtl', viewport: desktop, colorScheme: 'light', hasTouch: false },
  { name: 'rtl-phone', viewport: phone, colorScheme: 'light', hasTouch: true },
  { name: 'german', viewport: desktop, colorScheme: 'light', hasTouch: false },
  { name: 'german-phone', viewport: phone, colorScheme: 'light', hasTouch: true },
] as const
const isGerman = (look: string): boolean => look.startsWith('german')

await mkdir(outDir, { recursive: true })
const say = (line: string): void => void process.stdout.write(`${line}\n`)
const dataDir = await mkdtemp(path.join(tmpdir(), 'runway-shots-'))
const opened = await start(
  {
    ...process.env,
    PORT: '0',
    LOG_LEVEL: 'error',
    RUNWAY_DATA_DIR: dataDir,
    RUNWAY_DEMO: 'true',
    RUNWAY_DEMO_PASSWORD: password,
    RUNWAY_RATE_LIMIT: '0',
  },
  () => {},
)
const address = opened.house.app?.server.address()
const port = typeof address === 'object' && address ? address.port : 0
const browser = await openBrowser()
await makeMarigold()
const queue = looks.filter(({ name }) => lookNames.length === 0 || lookNames.includes(name))
// A few are taken on phones or on desktops only.
const all = queue.length * wanted.length
let taken = 0
const failed: string[] = []
try {
  // The first makes what all of them show.
  const first = queue.shift()
  if (first) await takeAll(first, work)
  else await work()
} finally {
  await browser.close()
  await opened.close()
  await rm(dataDir, { recursive: true, force: true })
}
for (const line of failed) say(line)
if (failed.length > 0) process.exitCode = 1

/** The rest of the looks, some at once. */
async function work(): Promise<void> {
  await Promise.all(
    Array.from({ length: looksAtOnce - 1 }, async () => {
      for (let look = queue.shift(); look; look = queue.shift()) await takeAll(look)
    }),
  )
}

/** @param onReady called once the organisation is as the pictures show it, and waited for. */
async function takeAll(
  { name: look, ...options }: (typeof looks)[number],
  onReady?: () => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    ...options,
    baseURL: `http://127.0.0.1:${port}`,
    locale: 'en-GB',
    reducedMotion: 'reduce',
  })
  if (look.startsWith('rtl')) await context.addInitScript(readFromRight)
  const page = await context.newPage()
  const here = options.hasTouch ? 'phone' : 'desktop'
  const shown = wanted.filter(({ only = here }) => only === here)
  for (const shot of shown.filter((one) => one.isSignedOut)) await take(page, shot, look)
  await signIn(page, 'admin@demo.test', password)
  await prepareShots(page)
  const others = onReady?.()
  // Names of buttons that a step looks for are English; such pictures are left out in German.
  if (isGerman(look)) {
    await context.addInitScript(readGerman)
    page.setDefaultTimeout(4000)
  }
  for (const shot of shown.filter((one) => !one.isSignedOut)) await take(page, shot, look)
  await context.close()
  await others
}

/** An organisation whose sign-in page looks like its own. */
async function makeMarigold(): Promise<void> {
  const { accounts } = opened.house
  const org = { orgName: 'Marigold Events', slug: 'marigold', email: 'noor@marigold.test' }
  const { orgId } = await accounts.provision({ ...org, password })
  const { key } = await accounts.createKey(orgId, { name: 'Shots' })
  await fetch(`http://127.0.0.1:${port}/api/v1/settings/org`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      brand: {
        color: '#f5a524',
        headline: 'Every guest list, every supplier, one calm place to work.',
        caption: 'Marigold Events, Lisbon',
      },
    }),
  })
}

async function take(page: Page, { name, path: address, step }: Shot, look: string): Promise<void> {
  taken++
  try {
    await page.goto(address)
    await page.waitForLoadState('networkidle')
    await step?.(page)
    await page.waitForLoadState('networkidle')
    await page.waitForTimeout(300)
    await page.screenshot({ path: path.join(outDir, `${name}-${look}.png`) })
    say(`${taken} of ${all} ${name}-${look}`)
  } catch (error) {
    if (isGerman(look)) say(`${taken} of ${all} ${name} is not taken in German`)
    else failed.push(`${name}-${look}: ${error instanceof Error ? error.message : error}`)
  }
}
