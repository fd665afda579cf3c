import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type StudioApp, startStudio } from './studio-app.ts'

let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const countOf = async (name: string): Promise<number> => {
  const filter = encodeURIComponent(JSON.stringify({ name: { $startsWith: name } }))
  const answer = await studio.org.call('GET', `/leads?count=exact&filter=${filter}`)
  return answer.json<{ page: { count: number } }>().page.count
}

describe('importing', () => {
  it('guesses the columns, imports what is right, and is taken back as a whole', async () => {
    const csv = [
      'Name,Company,Email,Status,Score,Nonsense',
      'Imported Ida,Acme,ida@acme.example,New,40,x',
      'Imported Ole,Acme,ole@acme.example,Qualified,60,y',
      'Imported Bad,Acme,no address,New,5,z',
    ].join('\n')
    const { page, context, complaints } = await studio.open()
    await page.goto('/imports?entity=leads')
    await page.getByLabel('CSV file').setInputFiles({
      name: 'leads.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(csv),
    })
    expect(await page.getByRole('combobox', { name: 'Score' }).inputValue()).toBe('score')
    expect(await page.getByRole('combobox', { name: 'Nonsense' }).inputValue()).toBe('')
    expect(await countOf('Imported')).toBe(0)
    await page.getByRole('button', { name: 'Import 3 rows' }).click()
    await page.getByRole('heading', { name: 'Imported' }).waitFor()
    expect(await countOf('Imported')).toBe(2)
    await page.getByRole('link', { name: 'Download the failed rows' }).waitFor()
    await page.getByRole('button', { name: 'Revert the import' }).click()
    await expect.poll(() => countOf('Imported')).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('views that people save', () => {
  it('stand beside those of the model, and forget nothing', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/leads?view=crm.leads%3Aall')
    await page.getByRole('columnheader', { name: 'Score' }).getByRole('button').first().click()
    await page.getByRole('button', { name: 'Save as' }).click()
    await page.getByLabel('Name of the view').fill('Lowest first')
    await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click()
    // It is there before it is the one that is shown and named by the address.
    const tab = page.getByRole('tab', { name: 'Lowest first', selected: true })
    await tab.waitFor()
    await page.reload()
    await tab.waitFor()
    expect(await page.getByRole('columnheader', { name: 'Score' }).getAttribute('aria-sort')).toBe(
      'ascending',
    )
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('deleted records', () => {
  it('wait in the list of deleted ones and come back', async () => {
    const made = await studio.org.call('POST', '/leads', { name: 'Deleted Della' })
    const { id } = made.json<{ id: string }>()
    await studio.org.call('DELETE', `/leads/${id}`)
    const { page, context } = await studio.open()
    await page.goto('/leads')
    await page.getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Deleted records' }).click()
    const row = page.getByRole('dialog').locator('.related-row', { hasText: 'Deleted Della' })
    await row.getByRole('button', { name: 'Restore' }).click()
    await expect
      .poll(async () => (await studio.org.call('GET', `/leads/${id}`)).statusCode)
      .toBe(200)
    await context.close()
  })
})

describe('a list', () => {
  it('of what only an action makes begins with that action, by key as well', async () => {
    const { page, context, complaints } = await studio.open()
    await page.goto('/webhook-endpoints')
    await page.locator('.empty').getByRole('button', { name: 'Create a webhook' }).waitFor()
    await page.keyboard.press('c')
    const form = page.getByRole('dialog', { name: 'Create a webhook' })
    await form.getByLabel('Name').fill('Warehouse')
    await page.keyboard.press('Escape')
    await page.goto('/webhook-deliveries')
    await page.getByText('No webhook deliveries yet').waitFor()
    expect(await page.locator('[data-kind=primary]').count()).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })

  it('ends above the jobs on a phone', async () => {
    const { page, context } = await studio.open({ isPhone: true })
    await page.goto('/leads')
    await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Export this view' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Export' }).click()
    await page.locator('.tray').getByText('none running').waitFor()
    await page.goto('/leads')
    await page.getByRole('list').getByRole('button').first().waitFor()
    await page.locator('.tray').getByText('none running').waitFor()
    const [foot, tray] = await Promise.all([
      page.locator('.cards-foot').boundingBox(),
      page.locator('.tray').boundingBox(),
    ])
    expect(foot!.y + foot!.height).toBeLessThanOrEqual(tray!.y)
    await context.close()
  })
})

describe('changes', () => {
  it('lists what was done, and reverts a whole change set', async () => {
    const made = await studio.org.call('POST', '/leads/bulk', {
      create: [{ name: 'Set One' }, { name: 'Set Two' }],
    })
    expect(made.statusCode).toBe(200)
    const { page, context, complaints } = await studio.open()
    await page.goto('/changes')
    const first = page.locator('.list-row', { hasText: 'created 2 records' }).first()
    await first.getByRole('button', { name: 'Revert' }).click()
    await expect.poll(() => countOf('Set ')).toBe(0)
    expect(complaints).toEqual([])
    await context.close()
  })
})

describe('settings', () => {
  it('invite somebody, whose mail waits in the catcher', async () => {
    const { page, context } = await studio.open()
    await page.goto('/settings/members')
    await page.getByRole('button', { name: 'Invite' }).click()
    const dialog = page.getByRole('dialog', { name: 'Invite somebody' })
    await dialog.getByLabel('Email').fill('tomas@example.test')
    await dialog.getByRole('checkbox', { name: 'Editor' }).click()
    await dialog.getByRole('button', { name: 'Send the invitation' }).click()
    await page.getByText('Invitation sent to tomas@example.test').waitFor()
    await page.goto('/settings/mail')
    await page.getByRole('button', { name: /To tomas@example.test/ }).click()
    await page.getByRole('link', { name: /accept/ }).waitFor()
    await context.close()
  })

  it('make an API key, show it once, and end it', async () => {
    const { page, context } = await studio.open()
    await page.goto('/settings/api-keys')
    await page.getByRole('button', { name: 'New key' }).click()
    const dialog = page.getByRole('dialog', { name: 'New key' })
    await dialog.getByLabel('Name').fill('Spreadsheet')
    await dialog.getByLabel('Scopes').fill('leads:read')
    await dialog.getByRole('button', { name: 'Make the key' }).click()
    const shown = dialog.getByRole('textbox', { name: 'API keys' })
    await shown.waitFor()
    const key = await shown.inputValue()
    const ask = () =>
      studio.app.inject({
        method: 'GET',
        url: '/api/v1/leads',
        headers: { authorization: `Bearer ${key}` },
      })
    expect((await ask()).statusCode).toBe(200)
    await dialog.getByRole('button', { name: 'I have kept it' }).click()
    await page
      .locator('.list-row', { hasText: 'Spreadsheet' })
      .getByRole('button', { name: 'Revoke' })
      .click()
    await expect.poll(async () => (await ask()).statusCode).toBe(401)
    await context.close()
  })

  it('bring back an older model', async () => {
    const publish = async (label: string): Promise<void> => {
      const draft = (await studio.org.call('GET', '/studio/draft')).json<{
        document?: { contributes?: { pages?: Record<string, unknown> } }
      }>()
      const from = draft.document?.contributes?.pages?.['own']
      const value = {
        label,
        path: '/own-leads',
        entity: 'crm.leads:lead',
        group: 'records',
        order: 96,
      }
      const edited = await studio.org.call('PATCH', '/studio/draft', {
        ops: [
          { op: 'set', path: ['pages', 'own'], value, ...(from === undefined ? {} : { from }) },
        ],
      })
      expect([edited.statusCode, edited.body]).toEqual([200, expect.anything()])
      const { hash } = (await studio.org.call('POST', '/studio/plan', {})).json<{ hash: string }>()
      expect(
        (await studio.org.call('POST', '/studio/publish', { hash, message: label })).statusCode,
      ).toBe(201)
    }
    await publish('First name')
    await publish('Second name')
    const { page, context } = await studio.open()
    await page.getByRole('link', { name: 'Second name' }).waitFor()
    // Its old address leads to the studio's own page.
    await page.goto('/settings/model')
    await page.waitForURL(/\/studio\/revisions$/)
    await page
      .locator('.list-row', { hasText: 'First name' })
      .getByRole('button', { name: 'Roll back' })
      .click()
    await page.getByRole('link', { name: 'Back to the CRM' }).click()
    await page.getByRole('link', { name: 'First name' }).waitFor()
    await context.close()
  })
})

describe('the palette', () => {
  it('finds a record by any of its words, typos forgiven, and opens it', async () => {
    const email = 'mirabel@zephyrine.example'
    const made = await studio.org.call('POST', '/leads', { name: 'Mirabel Zuckerbrot', email })
    const { id } = made.json<{ id: string }>()
    await expect
      .poll(async () => (await studio.org.call('GET', '/search?q=zephyrine')).json().data[0]?.id)
      .toBe(id)
    const { page, context, complaints } = await studio.open()
    await page.goto('/accounts')
    await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor()
    await page.keyboard.press('Control+k')
    const box = page.getByRole('textbox', { name: 'Search records, pages and actions' })
    await box.fill('zephyrine')
    await page
      .getByRole('option', { name: /Mirabel Zuckerbrot/ })
      .getByText('zephyrine')
      .waitFor()
    // At once after the letters, while the records of other words still show.
    await box.fill('Mirabel Zukerbrot')
    await page.keyboard.press('Enter')
    await page.waitForURL(new RegExp(`/leads/${id}`))
    expect(complaints).toEqual([])
    await context.close()
  })

  it('runs an action on a record that is not open, once it was chosen', async () => {
    const made = await studio.org.call('POST', '/leads', { name: 'Palette Pia', status: 'new' })
    const { id } = made.json<{ id: string }>()
    const { page, context, complaints } = await studio.open()
    await page.keyboard.press('Control+k')
    await page.getByRole('textbox', { name: 'Search records, pages and actions' }).fill('convert')
    await page.getByRole('option', { name: /^Convert/ }).click()
    const dialog = page.getByRole('dialog', { name: 'Convert' })
    await dialog.getByRole('button', { name: 'Run' }).click()
    await dialog.getByRole('alert').waitFor()
    await dialog.getByRole('button', { name: /Lead/ }).click()
    await page.getByRole('textbox', { name: 'Search' }).last().fill('Palette Pia')
    await page.getByRole('option', { name: 'Palette Pia', exact: true }).click()
    await dialog.getByRole('button', { name: 'Run' }).click()
    await dialog.waitFor({ state: 'hidden' })
    expect((await studio.org.call('GET', `/leads/${id}`)).json().status).toBe('converted')
    expect(complaints).toEqual([])
    await context.close()
  })
})
