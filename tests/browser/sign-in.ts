import type { Page } from 'playwright-core'

export const adminPassword = 'correct-horse-battery'
export const desktop = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

/** Through the door, as people come in. */
export async function signIn(page: Page, email: string, password = adminPassword): Promise<void> {
  await page.goto('/sign-in')
  await page.getByLabel('Work email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Home' }).waitFor()
}
