import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { start } from '../../kernel/main.ts'
import { openBrowser } from './browser.ts'
import { desktop, phone, readFromRight, readGerman, signIn } from './sign-in.ts'
import { publishSpecimen, specimenFields } from './specimen.ts'

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

type Step = (page: Page) => Promise<void>
interface Shot {
  readonly name: string
  readonly path: string
  readonly step?: Step
  readonly isSignedOut?: boolean
}

const openFirst: Step = async (page) => {
  await page.locator('.title-link, .rcard').first().click()
  await page.getByRole('tab', { name: 'Timeline' }).click()
}
const press =
  (key: string): Step =>
  (page) =>
    page.keyboard.press(key)

const shots: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', isSignedOut: true },
  { name: 'sign-in-brand', path: '/sign-in?org=marigold', isSignedOut: true },
  { name: 'sign-up', path: '/sign-up', isSignedOut: true },
  { name: 'forgot-password', path: '/forgot', isSignedOut: true },
  { name: 'accept-invitation', path: '/accept#token=x', isSignedOut: true },
  {
    name: 'home',
    path: '/',
    step: async (page) => {
      await page.locator('.dashtile canvas').nth(3).waitFor()
      // The drawing itself takes some frames more.
      await page.waitForTimeout(500)
    },
  },
  { name: 'leads', path: '/leads' },
  { name: 'leads-by-source', path: '/leads?view=crm.leads%3Aby_source' },
  { name: 'accounts', path: '/accounts' },
  { name: 'opportunities', path: '/opportunities' },
  { name: 'board', path: '/opportunities?view=crm.opportunities%3Apipeline' },
  { name: 'calendar', path: '/tasks?view=platform.tasks%3Acalendar' },
  { name: 'gallery', path: '/specimens?kind=gallery' },
  { name: 'map', path: '/accounts?view=crm.accounts%3Amap' },
  {
    name: 'map-world',
    path: '/accounts?view=crm.accounts%3Amap',
    step: async (page) => {
      await page.locator('.map-mark').first().waitFor()
      await page.locator('.map').focus()
      for (let n = 0; n < 4; n++) await page.keyboard.press('-')
    },
  },
  { name: 'timeline', path: '/campaigns?view=crm.campaigns%3Atimeline' },
  { name: 'chart', path: '/opportunities?view=crm.opportunities%3Aby_stage' },
  {
    name: 'calendar-week',
    path: '/tasks?view=platform.tasks%3Acalendar&set={"calendar":{"scale":"week"}}',
  },
  {
    name: 'view-kinds',
    path: '/opportunities?view=crm.opportunities%3Aby_stage',
    step: (page) => page.locator('.view-trigger').click(),
  },
  {
    name: 'filter-groups',
    path: `/leads?filter=${encodeURIComponent('{"$or":[{"score":{"$gte":50}},{"$and":[{"status":"new"},{"name":{"$contains":"a"}}]}]}')}`,
    step: (page) => page.getByRole('button', { name: /Any of/ }).click(),
  },
  { name: 'record', path: '/leads', step: openFirst },
  {
    name: 'record-chart',
    path: '/accounts',
    step: async (page) => {
      await page.locator('.title-link, .rcard').first().click()
      const chart = page.locator('.recordchart canvas').first()
      await chart.waitFor()
      await chart.scrollIntoViewIfNeeded()
      await page.waitForTimeout(500)
    },
  },
  {
    name: 'new-record',
    path: '/opportunities',
    step: (page) => page.getByRole('button', { name: 'New opportunity' }).click(),
  },
  {
    name: 'palette',
    path: '/leads',
    step: async (page) => {
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog').waitFor()
      await page.keyboard.type('nor')
    },
  },
  { name: 'shortcuts', path: '/leads', step: press('?') },
  { name: 'changes', path: '/changes' },
  { name: 'inbox', path: '/inbox' },
  { name: 'approvals', path: '/approvals' },
  { name: 'settings-notifications', path: '/settings/notifications' },
  { name: 'import', path: '/imports' },
  {
    name: 'import-map',
    path: '/imports?entity=leads',
    step: async (page) => {
      const text = `Name,Status,Score,Campaign
Ann,Fresh,5,Spring
Bo,Qualified,7,
Cy,Odd,many,Boats
`
      const file = { name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
      await page.getByLabel('CSV file').setInputFiles(file)
      await page.locator('.import-preview').waitFor()
    },
  },
  {
    name: 'export',
    path: '/leads',
    step: async (page) => {
      await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Export this view' }).click()
      await page.getByRole('dialog').waitFor()
    },
  },
  {
    name: 'jobs',
    path: '/leads',
    step: async (page) => {
      await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
      await page.getByRole('menuitem', { name: 'Export this view' }).click()
      await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
      const tray = page.locator('.tray')
      await tray.getByText('none running').waitFor()
      // On a phone it folds when the work has ended.
      const unfold = tray.getByRole('button', { name: 'Unfold' })
      if (await unfold.isVisible()) await unfold.click()
    },
  },
  { name: 'settings', path: '/settings' },
  { name: 'members', path: '/settings/members' },
  { name: 'api-keys', path: '/settings/api-keys' },
  { name: 'mail', path: '/settings/mail' },
  {
    name: 'branding',
    path: '/settings/branding',
    step: async (page) => {
      await page.getByLabel('Name', { exact: true }).fill('Marigold Events')
      await page.getByLabel('Brand colour', { exact: true }).fill('#f5a524')
      await page.getByLabel('Sentence beside the form').fill('Every guest list, one calm place.')
      await page.getByText('#f5a524', { exact: true }).first().waitFor()
    },
  },
  { name: 'terms', path: '/settings/terms' },
  { name: 'studio-objects', path: '/studio/objects' },
  {
    name: 'studio-object',
    path: '/studio/objects/crm.opportunities:opportunity?field=budget',
    step: (page) => page.locator('.pvrec').waitFor({ state: 'attached' }),
  },
  {
    name: 'studio-object-json',
    path: '/studio/objects/crm.opportunities:opportunity?field=stage',
    step: async (page) => {
      const face = page.locator('.seg-faces').getByRole('radio', { name: 'JSON' })
      if (await face.isVisible()) await face.click()
      await page.locator('.code-host').waitFor()
    },
  },
  {
    name: 'studio-object-error',
    path: '/studio/objects/crm.opportunities:opportunity?field=budget',
    step: async (page) => {
      const max = page.getByLabel('Largest value', { exact: true })
      await max.fill('5 million')
      await max.blur()
      await page.locator('.scontrol .is-error').first().waitFor()
    },
  },
  {
    name: 'studio-new-object',
    path: '/studio/objects',
    step: (page) => page.getByRole('button', { name: 'New object' }).click(),
  },
  {
    name: 'studio-new-field',
    path: '/studio/objects/crm.opportunities:opportunity',
    step: (page) => page.getByRole('button', { name: 'New field' }).click(),
  },
  {
    name: 'studio-publish',
    path: '/studio/objects',
    step: async (page) => {
      await page.getByRole('button', { name: /^(Review and publish|Publish)$/ }).click()
      await page.locator('.pitem').first().waitFor()
    },
  },
  { name: 'studio-points', path: '/studio/points/views' },
  ...[
    ['view', 'views/crm.opportunities:pipeline', '.bcard'],
    ['view-table', 'views/crm.leads:all', ':is(.tbody .tr, .rcard)'],
    ['view-chart', 'views/crm.opportunities:by_stage', 'canvas'],
    ['view-map', 'views/crm.accounts:map', '.map'],
    ['layout', 'layouts/crm.accounts:account', '.phead-title'],
    ['dashboard', 'dashboards/crm.insights:sales', 'canvas'],
    ['page', 'pages/crm.leads:leads', '.nav-item'],
  ].map(([name, place, drawn]) => ({
    name: `studio-${name}`,
    path: `/studio/points/${place}`,
    step: async (page: Page) => {
      const face = page.locator('.seg-faces [role=radio]').last()
      if (await face.isVisible()) await face.click()
      await page.locator(`.preview ${drawn}`).first().waitFor({ state: 'attached' })
      await page.waitForTimeout(500)
    },
  })),
  { name: 'studio-role', path: '/studio/roles/platform.people:editor' },
  { name: 'studio-revisions', path: '/studio/revisions' },
  { name: 'studio-archive', path: '/studio/archive' },
  { name: 'studio-plugins', path: '/studio/plugins' },
  { name: 'studio-explorer', path: '/studio/explorer' },
  { name: 'fields-table', path: '/specimens' },
  { name: 'fields-record', path: '/specimens', step: (page) => openSpecimen(page) },
  {
    name: 'fields-record-below',
    path: '/specimens',
    step: async (page) => {
      await openSpecimen(page)
      await page.getByText('Level', { exact: true }).first().scrollIntoViewIfNeeded()
    },
  },
  ...['Person', 'Tint', 'Papers', 'Story', 'Steps', 'Sizes', 'Country'].map((field) => ({
    name: `fields-edit-${field.toLowerCase()}`,
    path: '/specimens',
    step: async (page: Page) => {
      await openSpecimen(page)
      await page.getByRole('button', { name: `Change: ${field}`, exact: true }).click()
    },
  })),
  {
    name: 'fields-new',
    path: '/specimens',
    step: async (page) => {
      await page.getByRole('button', { name: 'New specimen' }).click()
      await page.locator('.form-more').click()
    },
  },
]
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const lookNames = given('look')
const wanted = shots.filter(
  ({ name }) => words.length === 0 || words.some((word) => name.includes(word)),
)

/** What the pages of the studio show as being worked on. */
const draftOfShots = [
  {
    op: 'set',
    path: ['fields', 'budget'],
    value: {
      entity: 'crm.opportunities:opportunity',
      field: {
        type: 'currency',
        label: 'Budget',
        help: 'What the customer has set aside, before tax',
        required: true,
        order: 15,
      },
    },
  },
  {
    op: 'set',
    path: ['fields', 'vesselClass'],
    value: {
      entity: 'crm.opportunities:opportunity',
      field: { type: 'multiSelect', label: 'Vessel class', order: 16, options: { ferry: {} } },
    },
  },
  { op: 'unset', path: ['entities', 'specimen', 'fields', 'query'], from: specimenFields.query },
]

async function openSpecimen(page: Page): Promise<void> {
  await page.locator('.title-link, .rcard').first().click()
  await page.getByRole('tab', { name: 'Details' }).click()
}

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
  for (const shot of wanted.filter((one) => one.isSignedOut)) await take(page, shot, look)
  await signIn(page, 'admin@demo.test', password)
  await prepare(page)
  const others = onReady?.()
  // Names of buttons that a step looks for are English; such pictures are left out in German.
  if (isGerman(look)) {
    await context.addInitScript(readGerman)
    page.setDefaultTimeout(4000)
  }
  for (const shot of wanted.filter((one) => !one.isSignedOut)) await take(page, shot, look)
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

/** The object with a field of every family, unless an earlier look has left it there. */
async function prepare(page: Page): Promise<void> {
  const ask = async <T>(method: string, path: string, data?: unknown): Promise<T> => {
    const answer = await page.request.fetch(`/api/v1${path}`, { method, data })
    if (!answer.ok()) throw new Error(await answer.text())
    return (await answer.json()) as T
  }
  const { entities } = await ask<{ entities: readonly { ref: string }[] }>('GET', '/model')
  if (entities.some(({ ref }) => ref === 't:specimen')) return
  const file = { name: 'offer.txt', mimeType: 'text/plain', buffer: Buffer.from('An offer.') }
  const stored = await page.request.post('/api/v1/files', { multipart: { file } })
  await publishSpecimen(ask, [(await stored.json()) as { id: string }])
  await ask('PATCH', '/studio/draft', { ops: draftOfShots })
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
