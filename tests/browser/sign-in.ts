import type { Page } from 'playwright-core'

export const adminPassword = 'correct-horse-battery'
export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

/** Makes pages of a context show what they look like to whoever reads from right to left. */
export const readFromRight = `localStorage.setItem('runway.preferences', '{"language":"ar-XB"}')`

/** The same for whoever reads German. */
export const readGerman = `localStorage.setItem('runway.preferences', '{"language":"de"}')`

/**
 * Through the door, as people come in.
 *
 * @param org slug of the organisation, for somebody who is in several.
 */
export async function signIn(
  page: Page,
  email: string,
  password = adminPassword,
  org = '',
): Promise<void> {
  await page.goto(org === '' ? '/sign-in' : `/sign-in?org=${org}`)
  await page.getByLabel('Work email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
}
