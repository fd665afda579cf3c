import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

/** What comes after building: packages and their upgrades, what was removed, plugins, questions to the data. */
let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const boats = (version: string, label: string) => ({
  id: 'acme.boats',
  version,
  contract: 1,
  title: 'Boats',
  tier: 'declarative',
  requires: { 'platform.fields': '^1.0.0' },
  params: { harbour: { type: 'string', title: 'Home harbour' } },
  contributes: {
    entities: {
      boat: {
        label: 'Boat',
        labelPlural: 'Boats',
        plural: 'boats',
        titleField: 'name',
        fields: {
          name: { type: 'text', label: 'Name', order: 10 },
          harbour: { type: 'text', label, default: { $param: 'harbour' }, order: 20 },
        },
      },
    },
    pages: {
      boats: { label: 'Boats', path: '/boats', entity: 'acme.boats:boat', group: 'records' },
    },
  },
})
const upload = (version: string, label: string) => ({
  name: 'boats.json',
  mimeType: 'application/json',
  buffer: Buffer.from(JSON.stringify(boats(version, label))),
})

async function publishOps(ops: object[]): Promise<void> {
  await studio.org.call('PATCH', '/studio/draft', { ops })
  const { hash } = (await studio.org.call('POST', '/studio/plan')).json<{ hash: string }>()
  const answer = await studio.org.call('POST', '/studio/publish', { hash, message: 'Next' })
  expect(answer.statusCode, answer.body).toBe(201)
}

describe('the studio after building', () => {
  it('installs a package with what it asks for, upgrades it, and lets somebody choose where both changed', async () => {
    const { page, complaints } = await studio.open()
    await page.goto('/studio/plugins')
    const card = page.getByRole('region', { name: 'Your packages' })
    await card.getByLabel('Install a package').first().setInputFiles(upload('1.0.0', 'Harbour'))
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'See what would change' }).click()
    await dialog.getByLabel('Home harbour').fill('Kiel')
    await dialog.getByRole('button', { name: 'See what would change' }).click()
    await dialog.getByText('Adds the object "Boat" with 2 fields.').waitFor()
    await dialog.getByRole('button', { name: 'Install a package' }).click()
    await card.getByText('acme.boats 1.0.0').waitFor()
    const made = await studio.org.call('POST', '/boats', { name: 'Ada' })
    expect(made.json()).toMatchObject({ name: 'Ada', harbour: 'Kiel' })

    await publishOps([
      {
        op: 'set',
        target: 'entities/acme.boats:boat',
        path: ['fields', 'harbour', 'label'],
        from: 'Harbour',
        value: 'Berth',
      },
    ])
    await card.getByLabel('Install a package').first().setInputFiles(upload('1.1.0', 'Home port'))
    await expect.poll(() => dialog.getByLabel('Home harbour').inputValue()).toBe('Kiel')
    await dialog.getByRole('button', { name: 'See what would change' }).click()
    await dialog.getByText('1 value of yours needs a look afterwards.').waitFor()
    await dialog.getByRole('button', { name: 'Install a package' }).click()
    await card.getByText('acme.boats 1.1.0').waitFor()
    await page.getByRole('link', { name: /^Review changes/ }).click()
    const item = page.getByRole('region', { name: /Boat/ })
    await item.getByText('Harbour', { exact: true }).waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await item.getByRole('button', { name: /Take the new one/ }).click()
    await page.getByText('Nothing to decide.').waitFor()

    await page.goto('/studio/plugins')
    await card.getByRole('button', { name: 'Remove: acme.boats' }).click()
    await dialog.getByText('1 boat can no longer be reached.').waitFor()
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click()
    await card.getByText('No packages are installed.').waitFor()
    expect((await studio.org.call('GET', '/boats')).statusCode).toBe(404)
    await studio.org.call('DELETE', '/studio/draft')
    expect(complaints).toEqual([])
  })

  it('brings back what was removed, and erases it only when its key is typed', async () => {
    const field = { entity: 'crm.leads:lead', field: { type: 'text', label: 'Berth' } }
    await publishOps([{ op: 'set', path: ['fields', 'berth'], value: field }])
    const { data } = (await studio.org.call('GET', '/leads?limit=1')).json<{
      data: { id: string }[]
    }>()
    const lead = `/leads/${data[0]!.id}`
    await studio.org.call('PATCH', lead, { berth: 'A1' })
    await publishOps([{ op: 'unset', path: ['fields', 'berth'], from: field }])
    const { page, complaints } = await studio.open()
    await page.goto('/studio/archive')
    await page.getByText('One value is kept').waitFor()
    await page.getByRole('button', { name: 'Bring back' }).click()
    await page.getByText('Berth is back in the draft.').first().waitFor()
    await publishOps([])
    expect((await studio.org.call('GET', lead)).json()).toMatchObject({ berth: 'A1' })
    await publishOps([{ op: 'unset', path: ['fields', 'berth'], from: field }])
    await page.reload()
    await page.getByRole('button', { name: 'Erase: Berth' }).click()
    const dialog = page.getByRole('dialog')
    const erase = dialog.getByRole('button', { name: 'Erase', exact: true })
    await dialog.getByRole('textbox').fill('bert')
    expect(await erase.isDisabled()).toBe(true)
    await dialog.getByRole('textbox').fill('berth')
    await erase.click()
    await page.getByText('The values of Berth are being erased.').first().waitFor()
    await expect
      .poll(async () => {
        const archive = await studio.org.call('GET', '/studio/archive')
        return archive.json<{ data: { path: string; values: number }[] }>().data[0]?.values
      })
      .toBe(0)
    expect(complaints).toEqual([])
  })

  it('shows what a plugin asked for, sets it, switches it off and on, and answers questions to the data', async () => {
    const { page, complaints } = await studio.open()
    await page.goto('/studio/plugins')
    await page.getByRole('button', { name: 'Details: Snapshots' }).click()
    await page.getByText('Asked to be allowed').waitFor()
    await page.getByText('kernel.layer').waitFor()
    await page.getByLabel('Take one by itself').click()
    await page.getByRole('option', { name: /week/i }).click()
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Settings saved').first().waitFor()
    await page.getByRole('button', { name: 'Disable: Goals' }).click()
    await page.getByRole('button', { name: 'Enable: Goals' }).click()
    await page.getByRole('button', { name: 'Disable: Goals' }).waitFor()
    await page.getByRole('link', { name: /^Explorer/ }).click()
    await page.getByRole('radio', { name: 'Query' }).click()
    const ask = async (query: string) => {
      await page.getByRole('textbox', { name: 'Query' }).fill(query)
      await page.getByRole('button', { name: 'Run', exact: true }).click()
    }
    await ask(
      '{"aggregate": "leads", "groupBy": [{"field": "status"}], "measures": {"n": {"count": "*"}}}',
    )
    await page.getByRole('columnheader', { name: 'status' }).waitFor()
    await ask('{"list": "leads", "filter": {"nothing": 1}}')
    await page
      .getByText(/no field "nothing"|There is no field/)
      .first()
      .waitFor()
    await ask('leads')
    await page.getByRole('alert').getByText('This is no JSON yet.').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    expect(complaints).toEqual([])
  })
})
