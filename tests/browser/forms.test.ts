import { afterAll, beforeAll, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

/** Ada puts a form on the web in a minute; somebody fills it in on a phone, without scripts. */
let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
  const guard = { fastestSeconds: 0 }
  await studio.org.call('PATCH', '/settings/platform.forms:guard', guard)
}, 240_000)
afterAll(() => studio?.stop())

it('a form is made, filled in on a phone, and its lead says where it came from', async () => {
  const { page, context, complaints } = await studio.open()
  await page.goto('/forms')
  await page.getByRole('link', { name: 'New form' }).first().click()
  await page.getByLabel('Title', { exact: true }).fill('Ask the harbour')
  await page.getByLabel('Add a field', { exact: true }).selectOption({ label: 'Company' })
  await page.getByRole('button', { name: 'Move Company up' }).click()
  await page.getByLabel('What people agree to').fill('You may call me.')
  await page.getByLabel('Sites it may stand in').fill('https://www.halden.example/contact')
  const preview = page.locator('.formpreview')
  await preview.getByText('Ask the harbour').waitFor()
  await preview.getByText('Company').waitFor()
  expect(await seriousProblems(page)).toEqual([])
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.waitForURL(/\/forms\/[0-9a-f-]{36}$/)
  expect(await page.getByLabel('For your website').inputValue()).toContain('<iframe')
  const url = await page.getByLabel('Link', { exact: true }).inputValue()

  const phone = await studio.browser.newContext({
    viewport: { width: 390, height: 844 },
    javaScriptEnabled: false,
    colorScheme: 'dark',
  })
  const form = await phone.newPage()
  await form.goto(`${studio.url}${new URL(url).pathname}?utm_source=pier`)
  await form.getByRole('button', { name: 'Send' }).click()
  await form.getByText('Not sent yet.').waitFor()
  await form.getByLabel('Name').fill('Finn Olsen')
  await form.getByLabel('Email').fill('finn@pier.example')
  await form.getByLabel('Company').fill('Pier 9')
  await form.getByLabel('You may call me.').check()
  await form.getByRole('button', { name: 'Send' }).click()
  await form.getByRole('heading', { name: 'Thank you' }).waitFor()
  await phone.close()

  const filter = encodeURIComponent(JSON.stringify({ email: 'finn@pier.example' }))
  const { data } = (await studio.org.call('GET', `/leads?filter=${filter}`)).json()
  expect(data).toMatchObject([{ name: 'Finn Olsen', company: 'Pier 9', source: 'web' }])
  await page.goto(`/leads/${data[0].id}`)
  await page.getByRole('heading', { name: 'Finn Olsen' }).first().waitFor()
  await page.goto('/forms')
  await page.getByText('one submission').waitFor()
  expect(complaints).toEqual([])
  await context.close()
})

it('axe finds nothing in the pages of the public, at 390 px, light, dark and from the right', async () => {
  const { data } = (await studio.org.call('GET', '/forms')).json()
  const address = `${studio.url}${new URL(data[0].url).pathname}`
  for (const colorScheme of ['light', 'dark'] as const) {
    const context = await studio.browser.newContext({
      viewport: { width: 390, height: 844 },
      colorScheme,
      // axe is a script of the test; the page allows none but its own.
      bypassCSP: true,
    })
    const form = await context.newPage()
    await form.goto(address)
    expect(await form.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await seriousProblems(form)).toEqual([])
    await form.getByRole('button', { name: 'Send' }).click()
    await form.getByText('Not sent yet.').waitFor()
    expect(await seriousProblems(form)).toEqual([])
    await form.evaluate('document.documentElement.dir = "rtl"')
    expect(await form.evaluate('document.documentElement.scrollWidth')).toBe(390)
    await context.close()
  }
})
