import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Caller } from '../setup/test-app.ts'
import { adminPassword } from './sign-in.ts'
import { publishSpecimen } from './specimen.ts'
import { type StudioApp, startStudio } from './studio-app.ts'
import { visit } from './walk.ts'

/** What goes wrong around the person who works: each stays usable and says what happened. */
let studio: StudioApp
let acme: Caller
let specimen: string
beforeAll(async () => {
  studio = await startStudio({ RUNWAY_UPLOAD_LIMIT: '1MiB' })
  const joined = await studio.app.inject({
    method: 'POST',
    url: '/api/v1/auth/signup',
    payload: { orgName: 'Acme', email: studio.org.email, password: adminPassword },
  })
  acme = await studio.app.createKey(joined.json().orgId)
  specimen = await publishSpecimen(async (method, path, body) => {
    const answer = await studio.org.call(method, path, body)
    expect(answer.statusCode, answer.body).toBeLessThan(300)
    return answer.json()
  }, [])
}, 240_000)
afterAll(() => studio?.stop())

interface Lead {
  readonly id: string
  readonly version: number
  readonly [field: string]: unknown
}
const makeLead = async (name: string): Promise<Lead> =>
  (await studio.org.call('POST', '/leads', { name })).json()
const readLead = async (id: string): Promise<Lead> =>
  (await studio.org.call('GET', `/leads/${id}`)).json()
const leadsOf = async (org: Caller, name: string): Promise<number> => {
  const filter = encodeURIComponent(JSON.stringify({ name }))
  return (await org.call('GET', `/leads?filter=${filter}`)).json().data.length
}

const listOf = (name: string): string =>
  `/leads?view=crm.leads%3Aall&filter=${encodeURIComponent(JSON.stringify({ name }))}`

/** Types a company into the row of a lead. */
async function typeCompany(page: Page, lead: string, company: string): Promise<void> {
  const row = page.getByRole('row', { name: lead })
  await row.locator('[id^="cell-"][id$="-1"]').click()
  await page.keyboard.type(company)
  await page.keyboard.press('Enter')
}
const scrollWidth = (page: Page) => page.evaluate('document.documentElement.scrollWidth')

describe('tabs that share a session', () => {
  it('write nothing into the organisation that another went to, say so, and lose nothing', async () => {
    const lead = await makeLead('Two Tabs')
    const { page, context, complaints } = await studio.open()
    await page.goto(listOf('Two Tabs'))
    await page.getByRole('row', { name: 'Two Tabs' }).waitFor()
    await page.getByRole('button', { name: 'New lead' }).click()
    const form = page.getByRole('dialog', { name: 'New lead' })
    await form.getByLabel('Name').fill('Kept Kim')

    const second = await context.newPage()
    await second.goto('/')
    await second.getByRole('button', { name: /account menu/ }).click()
    await second.getByRole('menuitem', { name: 'Go to Acme' }).click()
    await second.locator('.sidebar').getByText('Acme').first().waitFor()

    const notice = page.getByRole('dialog', { name: 'Another tab has gone elsewhere' })
    await notice.getByText('The browser is signed in to Acme').waitFor()
    await page.keyboard.press('Escape')
    await notice.waitFor({ state: 'hidden' })
    // The form is still there, and what it sends is written nowhere.
    await form.getByRole('button', { name: 'Create', exact: true }).click()
    await notice.waitFor()
    await page.keyboard.press('Escape')
    await form.getByRole('button', { name: 'Cancel' }).click()
    await typeCompany(page, 'Two Tabs', 'Kept Ltd')
    await notice.waitFor()
    await page.getByText('1 edit is kept here').waitFor()
    expect(await leadsOf(acme, 'Kept Kim')).toBe(0)
    expect(await leadsOf(studio.org, 'Kept Kim')).toBe(0)
    expect((await readLead(lead.id))['company']).toBe(null)

    await notice.getByRole('button', { name: 'Go on in Halden Marine' }).click()
    await expect.poll(async () => (await readLead(lead.id))['company']).toBe('Kept Ltd')
    await second.getByRole('dialog', { name: 'Another tab has gone elsewhere' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('keep what is written when the session is ended elsewhere, and go on after signing in', async () => {
    const lead = await makeLead('Ended Eve')
    const { page, context, complaints } = await studio.open()
    await page.goto(listOf('Ended Eve'))
    await page.getByRole('row', { name: 'Ended Eve' }).waitFor()
    const elsewhere = await studio.open()
    const sessions = await elsewhere.page.request.get('/api/v1/auth/sessions')
    for (const { id, current } of (await sessions.json()).data)
      if (!current) await elsewhere.page.request.delete(`/api/v1/auth/sessions/${id}`)
    await elsewhere.context.close()

    await typeCompany(page, 'Ended Eve', 'Typed Ltd')
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
    await dialog.getByLabel('Password', { exact: true }).fill('wrong')
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByLabel('Password', { exact: true }).fill(adminPassword)
    await dialog.getByRole('button', { name: 'Sign in', exact: true }).click()
    await dialog.waitFor({ state: 'hidden' })
    await expect.poll(async () => (await readLead(lead.id))['company']).toBe('Typed Ltd')
    await page.getByRole('row', { name: 'Ended Eve' }).getByText('Typed Ltd').waitFor()
    expect(new URL(page.url()).pathname).toBe('/leads')
    expect(complaints).toEqual([])
    await context.close()
  })
})

it('a page that cannot be drawn says so in its place, and there is a way on', async () => {
  const { page, context } = await studio.open()
  const broken = `export default { setup() { throw new Error('The wheel came off.') } }`
  await page.route(/\/InboxPage-[^/]*\.js$/, (route) =>
    route.fulfill({ contentType: 'text/javascript', body: broken }),
  )
  await page.reload()
  const navigation = page.getByRole('navigation', { name: 'Navigation' })
  await navigation.getByRole('link', { name: /Inbox/ }).click()
  await page.getByRole('alert').getByText('This page has stopped.').waitFor()
  await page.getByRole('alert').getByText('The wheel came off.').waitFor()
  await navigation.getByRole('link', { name: 'Leads' }).click()
  await page.getByRole('grid', { name: 'Leads' }).waitFor()
  await context.close()
})

describe('words of any kind', () => {
  const rtl = 'שלום עולם مرحبا'
  const family = '👩‍👩‍👧‍👦🏳️‍🌈 Ωmega'
  const endless = 'Donaudampfschifffahrt'.repeat(60)

  it('fit every field, in tables, panels and forms', async () => {
    const long = `${rtl} ${family} ${'ab '.repeat(3_300)}`
    const answer = await studio.org.call('PATCH', `/specimens/${specimen}`, {
      person: { prefix: family.slice(0, 40), first: rtl, last: endless.slice(0, 100) },
      home: { street: rtl, city: family, postalCode: endless.slice(0, 20), country: 'NO' },
      story: `<p>${long}</p>`,
      steps: [
        { text: rtl, done: true },
        { text: endless.slice(0, 500), done: false },
      ],
      sizes: { [rtl]: family, Beam: endless.slice(0, 500) },
      query: `-- ${rtl}\n${endless}`,
      raw: { [rtl]: [family, endless] },
      words: [rtl, family],
      note: long,
    })
    expect(answer.statusCode, answer.body).toBe(200)
    const { page, context, complaints } = await studio.open()
    await page.goto('/specimens')
    await page.locator('.title-link').first().click()
    await page.getByRole('tab', { name: 'Details' }).click()
    await page.locator('.panel').getByText(rtl).first().waitFor()
    const panel = await page.evaluate(
      `(() => { const p = document.querySelector('.panel'); return p.scrollWidth - p.clientWidth })()`,
    )
    expect([panel, await scrollWidth(page)]).toEqual([0, 1440])
    await page.goto(`/specimens/${specimen}`)
    await page.getByRole('heading', { level: 1 }).getByText(rtl).waitFor()
    expect(await scrollWidth(page)).toBe(1440)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('that are too long, and files that are too large, are refused where they stand', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/leads')
    await page.getByRole('button', { name: 'New lead' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Name').fill('x'.repeat(10_000))
    await form.getByRole('button', { name: 'Create', exact: true }).click()
    await form.getByText(/At most \d+ characters|at most \d+/).waitFor()
    expect((await form.getByLabel('Name').inputValue()).length).toBe(10_000)

    await page.goto('/specimens')
    await page.locator('.title-link').first().click()
    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByRole('button', { name: 'Change: Papers', exact: true }).click()
    const large = { name: 'film.bin', mimeType: 'application/octet-stream' }
    const buffer = Buffer.alloc(1_300_000)
    await page
      .locator('input[type="file"]')
      .first()
      .setInputFiles({ ...large, buffer })
    await page.getByText('larger than uploads may be: 1 MiB at most').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('little room and a slow line', () => {
  it('at 320 px nothing is wider than the window', async () => {
    const { page, context, complaints } = await studio.open({ isPhone: true })
    await page.setViewportSize({ width: 320, height: 640 })
    const board = '/opportunities?view=crm.opportunities%3Apipeline'
    const settings = [
      '',
      '/notifications',
      '/members',
      '/api-keys',
      '/model',
      '/branding',
      '/terms',
    ]
    const lists = ['/leads', '/accounts?view=crm.accounts%3Amap', board, '/specimens']
    const others = ['/', '/changes', '/inbox', '/imports', `/specimens/${specimen}`]
    for (const path of [...others, ...lists, ...settings.map((one) => `/settings${one}`)]) {
      await visit(page, path)
      expect([path, await scrollWidth(page)]).toEqual([path, 320])
    }
    expect(complaints).toEqual([])
    await context.close()
  })

  it('shows what colleagues changed before its live connection stood', async () => {
    const lead = await makeLead('Early Bird')
    const { page, context, complaints } = await studio.open()
    let connect = () => {}
    const mayConnect = new Promise<void>((resolve) => {
      connect = resolve
    })
    await page.routeWebSocket(/\/live$/, async (socket) => {
      await mayConnect
      socket.connectToServer()
    })
    await page.goto(listOf('Early Bird'))
    const row = page.getByRole('row', { name: 'Early Bird' })
    await row.waitFor()
    await studio.org.call('PATCH', `/leads/${lead.id}`, { company: 'Worm Ltd' })
    connect()
    await row.getByText('Worm Ltd').waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('on slow 3G a phone shows that something comes, and then the list', async () => {
    const { page, context, complaints } = await studio.open({ isPhone: true })
    const line = await context.newCDPSession(page)
    await line.send('Network.enable')
    await line.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 400,
      downloadThroughput: 50_000,
      uploadThroughput: 50_000,
    })
    // However slow whoever looks is: the list comes once it was seen that something comes.
    const { promise: isSeen, resolve: letThrough } = Promise.withResolvers<void>()
    await page.route('**/api/v1/leads?**', async (route) => {
      await isSeen
      await route.continue()
    })
    await page.goto('/leads?view=crm.leads%3Aall')
    await page.locator('.skeleton').first().waitFor()
    letThrough()
    await page.getByRole('list').getByRole('button').first().click()
    await page.getByRole('tab', { name: 'Timeline' }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })
})
