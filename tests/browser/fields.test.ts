import { afterAll, beforeAll, expect, it } from 'vitest'
import { png, uploadFile } from '../setup/upload-file.ts'
import { seriousProblems } from './axe.ts'
import { publishSpecimen } from './specimen.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
let id: string
interface Specimen {
  readonly version: number
  readonly [field: string]: unknown
}

beforeAll(async () => {
  studio = await startStudio()
  const paper = await uploadFile(studio.org, 'offer.txt', 'An offer.')
  id = await publishSpecimen(
    async (method, path, body) => {
      const answer = await studio.org.call(method, path, body)
      expect(answer.statusCode, answer.body).toBeLessThan(300)
      return answer.json()
    },
    [paper.json<{ id: string }>()],
  )
}, 240_000)
afterAll(() => studio?.stop())

const read = async (): Promise<Specimen> =>
  (await studio.org.call('GET', `/specimens/${id}`)).json<Specimen>()

it('a record of fields of every family is edited where its values stand', async () => {
  const { page, context, complaints } = await studio.open()
  await page.goto('/specimens')
  const row = page.getByRole('row', { name: /Ann Lee/ })
  await row.waitFor()

  // A name of parts opens as parts; Enter saves all of it.
  await row.getByRole('gridcell').nth(1).dblclick()
  await page.getByLabel('Last name').fill('Lee-Berg')
  expect(['cell', await seriousProblems(page)]).toEqual(['cell', []])
  await page.keyboard.press('Enter')
  await expect
    .poll(async () => (await read())['person'])
    .toMatchObject({ prefix: 'Dr.', first: 'Ann', last: 'Lee-Berg' })

  await row.getByRole('gridcell', { name: '#3366ff' }).dblclick()
  await page.getByRole('textbox', { name: 'Tint' }).fill('#0a7')
  await page.keyboard.press('Enter')
  await expect.poll(async () => (await read())['tint']).toBe('#00aa77')

  // A bare number would be seconds; a clock is hours and minutes.
  await row.getByRole('gridcell', { name: '1h 30m' }).click()
  await page.keyboard.type('2:15')
  await page.keyboard.press('Enter')
  await expect.poll(async () => (await read())['effort']).toBe(8_100)

  await page.goto(`/specimens/${id}`)
  await page.getByRole('button', { name: 'Change: Picture' }).click()
  await page
    .locator('.filesfield input[type=file]')
    .setInputFiles({ name: 'front.png', mimeType: 'image/png', buffer: png })
  await page.locator('.filesfield img').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect
    .poll(async () => (await read())['picture'])
    .toMatchObject({ name: 'front.png', type: 'image/png', width: 1 })
  await expect
    .poll(() =>
      page.evaluate('document.querySelector(".details .filemark img")?.naturalWidth ?? 0'),
    )
    .toBe(1)
  expect(['record', await seriousProblems(page)]).toEqual(['record', []])
  expect(complaints).toEqual([])
  await context.close()
})

it('opening every editor and leaving it writes nothing, at 390 px too', async () => {
  const before = await read()
  const { page, context, complaints } = await studio.open({ isPhone: true })
  const written: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'PATCH') written.push(request.postData() ?? '')
  })
  await page.goto(`/specimens/${id}`)
  await page.getByRole('tab', { name: 'Details' }).click()
  const pencils = page.locator('.detail-pencil')
  await pencils.first().waitFor()
  const names = await pencils.evaluateAll((all) => all.map((one) => one.ariaLabel ?? ''))
  expect(names.length).toBeGreaterThan(28)
  for (const name of names) {
    await page.getByRole('button', { name, exact: true }).click()
    const editor = page.locator('.detail-edit :is(input, textarea), .fieldform, .picker')
    await editor.first().waitFor()
    await page.getByRole('heading', { level: 2 }).click({ force: true })
    await editor.first().waitFor({ state: 'detached' })
  }
  expect(written).toEqual([])
  expect((await read()).version).toBe(before.version)
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
  expect(['phone', await seriousProblems(page)]).toEqual(['phone', []])
  expect(complaints).toEqual([])
  await context.close()
})
