import type { Page } from 'playwright-core'

/** Publishes what the draft holds, by the bar below every page of the studio. */
export async function publish(page: Page, note: string): Promise<void> {
  await page.getByRole('button', { name: 'Review and publish' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Note for the history').fill(note)
  await dialog.getByRole('button', { name: /^Publish \d/ }).click()
  await dialog.waitFor({ state: 'detached' })
}
