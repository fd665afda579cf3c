import { afterAll, beforeAll, expect, it } from 'vitest'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

it('shows the API as its reader may use it, under a policy that lets nothing else in', async () => {
  const { page, context, complaints } = await studio.open()
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).host))
  await page.goto('/docs')
  await page.getByText('List records').first().waitFor()
  expect(new Set(asked).size).toBe(1)
  expect(complaints).toEqual([])
  await context.close()
})
