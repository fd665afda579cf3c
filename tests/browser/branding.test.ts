import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { brandShades } from '../../sdk/brand-shades.ts'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

/** What the browser makes of a token, as red, green and blue. */
const drawn = (page: Page, token: string) =>
  page.evaluate<number[]>(`(() => {
    const probe = document.body.appendChild(document.createElement('i'))
    probe.style.color = 'var(${token})'
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 1
    const pen = canvas.getContext('2d')
    pen.fillStyle = getComputedStyle(probe).color
    pen.fillRect(0, 0, 1, 1)
    probe.remove()
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3)
  })()`)
const channels = (hex: string) => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16))

describe('the brand', () => {
  it('is chosen with its contrast in sight, saved, and meets whoever comes to sign in', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/settings/branding')
    await page.getByLabel('Name', { exact: true }).fill('Marigold')
    await page.getByLabel('Brand colour', { exact: true }).fill('#ffe600')
    await page.getByText(/would reach 1\.2:1 here, so a darker shade/).waitFor()
    await page.getByLabel('In the dark, if another', { exact: true }).fill('#9db8ff')
    await page.getByLabel('Sentence beside the form').fill('Every guest list.')
    const logo = { name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from(png, 'base64') }
    await page.getByLabel('Logo', { exact: true }).setInputFiles(logo)
    await page.locator('.brand-preview .bp-mailhead img').waitFor()
    expect(await page.locator('.bp-org').textContent()).toContain('Marigold')
    expect(await seriousProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('The brand is saved').waitFor()
    await page.locator('.sidebar .orgswitch', { hasText: 'Marigold' }).waitFor()
    // The browser draws the shades that the server tells of.
    for (const scheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: scheme })
      const shades = brandShades('#ffe600', '#9db8ff')[scheme]
      const pairs = {
        '--brand-solid': shades.solid,
        '--on-brand': shades.onSolid,
        '--brand-ink': shades.ink,
      }
      for (const [token, hex] of Object.entries(pairs)) {
        const seen = await drawn(page, token)
        const wanted = channels(hex)
        for (const at of [0, 1, 2])
          expect(Math.abs(wanted[at]! - seen[at]!), `${scheme} ${token}`).toBeLessThan(3)
      }
    }
    expect(complaints).toEqual([])
    await context.close()

    const door = await studio.open({ isSignedOut: true })
    await door.page.goto('/sign-in?org=halden')
    await door.page.getByText('Sign in to Marigold').waitFor()
    await door.page.getByText('Every guest list.').waitFor()
    await expect.poll(() => door.page.title()).toBe('Welcome back · Marigold')
    expect(await door.page.locator('link[rel=icon]').getAttribute('href')).toMatch(
      /^data:image\/png/,
    )
    expect(await seriousProblems(door.page)).toEqual([])
    await door.page.goto('/sign-in?org=nobody')
    await door.page.getByText('Sign in to your workspace').waitFor()
    expect(await door.page.locator('link[rel=icon]').getAttribute('href')).toBe('/icon.svg')
    expect(door.complaints).toEqual([])
    await door.context.close()
  })
})

const oldWords = async (page: Page) =>
  (await page.locator('body').innerText()).match(/\bleads?\b/gi)

describe('the terms', () => {
  it('rename an entity in every place that names it, and back', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/settings/terms')
    const lead = page.getByRole('group', { name: 'Leads', exact: true })
    await lead.getByLabel('One, in English').fill('Patient')
    await lead.getByLabel('Several, in English').fill('Patients')
    expect(await seriousProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Rename' }).click()
    const sidebar = page.locator('.sidebar')
    await sidebar.getByRole('link', { name: 'Patients', exact: true }).click()
    await page.getByRole('heading', { name: 'Patients' }).waitFor()
    await page.getByRole('button', { name: 'New patient' }).click()
    await page.getByRole('dialog', { name: 'New patient' }).waitFor()
    expect(await oldWords(page)).toBeNull()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Undo' }).click()
    await sidebar.getByRole('link', { name: 'Leads', exact: true }).waitFor()
    expect(complaints).toEqual([])
    await context.close()
  })

  it('leave the old name on no page', async () => {
    const rename = { op: 'set', target: 'crm.leads:lead' }
    const ops = [
      { ...rename, path: ['label'], from: 'Lead', value: 'Patient' },
      { ...rename, path: ['labelPlural'], from: 'Leads', value: 'Patients' },
    ]
    await studio.org.call('PATCH', '/studio/draft', { ops })
    const { hash } = (await studio.org.call('POST', '/studio/plan')).json()
    await studio.org.call('POST', '/studio/publish', { hash, message: 'Terms' })
    const { page, context, complaints } = await studio.open()
    const places: readonly (readonly [path: string, shown: string])[] = [
      ['/', '.dashtile'],
      ['/imports?entity=leads', '.dropzone'],
      ['/campaigns', '.title-link'],
      ['/leads?view=crm.leads%3Aall', '.title-link'],
    ]
    for (const [path, shown] of places) {
      await page.goto(path)
      await page.locator(shown).first().waitFor()
      expect([path, await oldWords(page)]).toEqual([path, null])
    }
    await page.locator('.title-link').first().click()
    await page.getByRole('tab', { name: 'Timeline' }).click()
    await page.keyboard.press('Control+k')
    await page.locator('.palette input:focus').waitFor()
    await page.keyboard.type('patient')
    await page.getByRole('option', { name: 'Patients', exact: true }).waitFor()
    expect(await oldWords(page)).toBeNull()
    expect(complaints).toEqual([])
    await context.close()
  })
})
