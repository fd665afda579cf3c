import type { Locator, Page } from 'playwright-core'
import sharp from 'sharp'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { uploadFile } from '../setup/upload-file.ts'
import { seriousProblems } from './axe.ts'
import { type OpenPage, type StudioApp, startStudio } from './studio-app.ts'

/** What people do with records besides writing them: merge, take back, meet, look at pictures, measure, bring in. */
let studio: StudioApp
let open: OpenPage
let page: Page
beforeAll(async () => {
  studio = await startStudio()
  open = await studio.open()
  page = open.page
}, 240_000)
beforeEach(() => void open.complaints.splice(0))
afterAll(() => studio?.stop())

interface Entry extends Readonly<Record<string, unknown>> {
  readonly id: string
}
async function ask<T = Entry>(method: string, path: string, body?: unknown): Promise<T> {
  const answer = await studio.org.call(method, path, body)
  expect(answer.statusCode, answer.body).toBeLessThan(300)
  return answer.json<T>()
}
const read = async (path: string): Promise<Record<string, unknown>> =>
  (await studio.org.call('GET', path)).json()
/** A field of the organisation's own. */
async function addField(key: string, entity: string, field: object): Promise<void> {
  const op = { op: 'set', path: ['fields', key], value: { entity, field } }
  await ask('PATCH', '/studio/draft', { ops: [op] })
  const { hash } = await ask<{ hash: string }>('POST', '/studio/plan')
  await ask('POST', '/studio/publish', { hash, message: key })
}
const button = (name: string) => page.getByRole('button', { name, exact: true })
async function expectClean(): Promise<void> {
  expect(await seriousProblems(page)).toEqual([])
  expect(open.complaints).toEqual([])
}
/** Tab by Tab, as somebody without a mouse gets there. */
async function tabTo(name: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let steps = 0; steps < 60; steps++) {
    await page.keyboard.press(key)
    const here = await page.evaluate<string>(
      `((one) => one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent ?? '')(document.activeElement)`,
    )
    if (here.trim() === name) return
  }
  throw new Error(`Tab does not lead to ${name}.`)
}

describe('duplicates', () => {
  it('become one, field by field, and two again by Cmd+Z', async () => {
    const email = 'grace@merge.example'
    const kept = await ask('POST', '/leads', { name: 'Grace Hopper', email, company: 'Navy' })
    const twin = await ask('POST', '/leads', { name: 'Grace Hopper', email, company: 'US Navy' })
    await page.goto(`/leads/${kept.id}`)
    await page.locator('.topbar').getByRole('button', { name: 'More', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Merge with a duplicate' }).click()
    const dialog = page.getByRole('dialog', { name: 'Merge this lead' })
    await dialog.getByRole('button', { name: 'Choose another one' }).click()
    const choices = page.getByRole('listbox').getByRole('option')
    await choices.filter({ hasText: 'US Navy' }).waitFor()
    // The record itself is none of them.
    expect(await choices.filter({ hasText: /^(?!.*US).*Navy/ }).count()).toBe(0)
    // Escape closes what is on top, and nothing behind it.
    await page.keyboard.press('Escape')
    await page.getByRole('listbox').waitFor({ state: 'detached' })
    await dialog.getByRole('button', { name: /Grace Hopper/ }).press('Enter')
    await page.locator('.mergetable input:focus').waitFor()
    await dialog
      .getByRole('row', { name: /Company/ })
      .getByRole('radio')
      .last()
      .check()
    await expectClean()
    const told = page.getByText('Merged into Grace Hopper').waitFor()
    await dialog.getByRole('button', { name: 'Merge', exact: true }).click()
    await expect.poll(async () => (await read(`/leads/${kept.id}`))['company']).toBe('US Navy')
    expect((await read(`/leads/${twin.id}`))['status']).toBe(404)
    await told
    await page.keyboard.press('Control+z')
    await expect.poll(async () => (await read(`/leads/${twin.id}`))['company']).toBe('US Navy')
    expect((await read(`/leads/${kept.id}`))['company']).toBe('Navy')
    await page.getByText('Merged into Grace Hopper').waitFor({ state: 'detached' })
    await expectClean()
  })
})

describe('an action', () => {
  it('is taken back as it was done, whatever else happened meanwhile', async () => {
    const { id } = await ask('POST', '/leads', { name: 'Una Undo', company: 'Undo Docks' })
    const other = await ask('POST', '/leads', { name: 'Other Olga' })
    await page.goto(`/leads/${id}`)
    const convert = async (): Promise<void> => {
      await button('More actions').click()
      await page.getByRole('menuitem', { name: 'Convert' }).click()
      await page.getByRole('dialog', { name: 'Convert' }).waitFor()
    }
    await convert()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(page.url()).toContain(id)
    await convert()
    await page.getByRole('dialog').getByRole('button', { name: 'Run' }).click()
    await page.getByText('Convert: done').waitFor()
    const dealId = String((await read(`/leads/${id}`))['opportunityId'])
    // The newest change of the same person is another one by now.
    await page.evaluate(
      `fetch('/api/v1/actions/crm.leads:convert_lead', { method: 'POST',
        headers: { 'content-type': 'application/json' }, body: '{"input":{"leadId":"${other.id}"}}' })`,
    )
    await page.keyboard.press('Control+z')
    await page.getByText('Undone: Convert').waitFor()
    expect((await read(`/leads/${id}`))['status']).toBe('new')
    expect((await read(`/opportunities/${dealId}`))['status']).toBe(404)
    expect((await read(`/leads/${other.id}`))['status']).toBe('converted')
    await expectClean()
  })
  it('is filled in as a record is: what it is about is chosen, lines are added, conditions are built', async () => {
    const account = await ask('POST', '/accounts', { name: 'Formed Freights' })
    const product = await ask('POST', '/products', { name: 'Formed Keel', price: 250 })
    const begin = async (name: string) => {
      await page.goto('/leads')
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      await page.keyboard.press('Control+k')
      await page.locator('.palette input:focus').waitFor()
      await page.keyboard.type(name)
      await page.getByRole('option', { name }).first().click()
      const dialog = page.getByRole('dialog', { name })
      await dialog.waitFor()
      return dialog
    }
    const choose = async (control: Locator, name: string) => {
      await control.click()
      await page.getByPlaceholder('Search', { exact: true }).last().fill(name)
      await page.getByRole('option', { name, exact: true }).click()
    }
    const order = await begin('Create an order')
    await choose(order.getByRole('button', { name: 'Account' }), 'Formed Freights')
    await order.getByRole('button', { name: 'Add an entry' }).click()
    const line = order.getByRole('group', { name: 'Entry 1' })
    await choose(line.getByRole('button', { name: 'Product' }), 'Formed Keel')
    await line.getByLabel('Quantity').fill('-2')
    await order.getByRole('button', { name: 'Run', exact: true }).click()
    // What is wrong is said at the line.
    await line.getByRole('alert').waitFor()
    await line.getByLabel('Quantity').fill('3')
    expect(await seriousProblems(page)).toEqual([])
    await order.getByRole('button', { name: 'Run', exact: true }).click()
    await order.getByText('Total', { exact: true }).waitFor()
    const { data } = await ask<{ data: Entry[] }>(
      'GET',
      `/orders?filter={"accountId":"${account.id}"}`,
    )
    const [lines] = await Promise.all(
      data.map(({ id }) =>
        ask<{ data: Entry[] }>('GET', `/order-lines?filter={"orderId":"${id}"}`),
      ),
    )
    expect(lines?.data).toMatchObject([{ productId: product.id, quantity: 3 }])
    await order.getByRole('button', { name: 'Close' }).last().click()

    const segment = await begin('Create a segment')
    await segment.getByLabel('Name').fill('Promising')
    expect(await segment.getByRole('button', { name: 'Condition' }).count()).toBe(0)
    await choose(segment.getByRole('button', { name: 'Object' }), 'Leads')
    await segment.getByRole('button', { name: 'Condition' }).click()
    const builder = page.getByRole('dialog', { name: 'Filter with groups' })
    await builder.getByRole('button', { name: 'Condition', exact: true }).click()
    await page.getByRole('option', { name: 'Score', exact: true }).click()
    await builder.getByRole('textbox', { name: 'Score' }).fill('80')
    await builder.getByRole('textbox', { name: 'Score' }).press('Enter')
    await builder.getByRole('button', { name: 'Apply' }).click()
    await segment.getByRole('button', { name: 'Condition' }).getByText('1 condition').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await segment.getByRole('button', { name: 'Run', exact: true }).click()
    await expect
      .poll(async () => (await read('/segments?filter={"name":"Promising"}'))['data'])
      .toMatchObject([{ target: 'crm.leads:lead' }])
    expect(open.complaints).toEqual([])
  })
})

describe('two people at one record', () => {
  it('see each other, and softly what the other one changes', async () => {
    const { id } = await ask('POST', '/leads', { name: 'Petra Present', title: 'Captain' })
    const bea = await joinOrg(studio.app, studio.org, 'platform.people:admin', 'Bea Berg')
    const hers = await studio.open({ isSignedOut: true })
    const [name = '', value = ''] = (bea.headers['cookie'] ?? '').split('=')
    await hers.context.addCookies([{ name, value, url: studio.url }])
    await Promise.all([page.goto(`/leads/${id}`), hers.page.goto(`/leads/${id}`)])
    await page.getByRole('img', { name: 'Bea Berg is looking at this as well' }).waitFor()
    await hers.page.getByRole('img', { name: /is looking at this as well/ }).waitFor()
    await expectClean()

    // In the page, since it is there for a second and a half.
    const flash = async (title: string, reducedMotion: 'reduce' | 'no-preference') => {
      await page.emulateMedia({ reducedMotion })
      const seen = page.evaluate<string>(`new Promise((tell) => {
        const look = () => {
          const one = document.querySelector('.detail[data-flash=theirs]')
          if (one?.innerText.includes('${title}')) tell(getComputedStyle(one).animationName)
        }
        new MutationObserver(look).observe(document.body, {
          subtree: true, childList: true, characterData: true, attributes: true })
      })`)
      // One after the other in the page, so it looks by now.
      await page.evaluate('1')
      await bea.call('PATCH', `/leads/${id}`, { title })
      return seen
    }
    expect(await flash('Admiral', 'no-preference')).toBe('flash')
    expect(await flash('Commodore', 'reduce')).toBe('none')

    await hers.context.close()
    await page.locator('.presence').waitFor({ state: 'detached' })
    await page.goto('/leads')
    await page.getByRole('row', { name: /Petra Present/ }).waitFor()
    // In the page as well, whatever it was that flashed: what was written before the page listens does not, and
    // the row may be there earlier than that.
    await page.evaluate(`new MutationObserver(() => {
      const cell = document.querySelector('.td[data-flash=theirs]')
      if (cell?.innerText.includes('Softly')) globalThis.hasFlashed = true
    }).observe(document.body, { subtree: true, childList: true, attributes: true })`)
    let n = 0
    const flashes = async (): Promise<unknown> => {
      await ask('PATCH', `/leads/${id}`, { company: `Softly ${++n}` })
      return page.evaluate('globalThis.hasFlashed === true')
    }
    await expect.poll(flashes, { interval: 500 }).toBe(true)
    expect([...open.complaints, ...hers.complaints]).toEqual([])
  })
})

describe('pictures', () => {
  it('are shown in small where a record keeps its files', async () => {
    await addField('papers', 'crm.opportunities:opportunity', { type: 'files', label: 'Papers' })
    const photo = sharp({ create: { width: 900, height: 600, channels: 3, background: '#36f' } })
    const { id: fileId } = (
      await uploadFile(studio.org, 'harbour.jpg', await photo.jpeg().toBuffer())
    ).json<Entry>()
    const { id } = await ask('POST', '/opportunities', { name: 'Pia Picture', papers: [fileId] })
    await page.goto(`/opportunities/${id}`)
    await expect
      .poll(() =>
        page.evaluate('document.querySelector(".filesof .filemark img")?.naturalWidth ?? 0'),
      )
      .toBe(96)
    const link = page.getByRole('link', { name: 'harbour.jpg' })
    expect(await link.getAttribute('href')).toBe(`/api/v1/files/${fileId}/content?inline=true`)
    await page.locator('.filesof input[type=file]').setInputFiles({
      name: 'torn.png',
      mimeType: 'image/png',
      buffer: Buffer.from('89504e470d0a1a0a', 'hex'),
    })
    // What cannot be drawn has a sign instead.
    const torn = page.getByRole('listitem').filter({ hasText: 'torn.png' })
    await torn.locator('.filemark svg').waitFor()
    await expectClean()
  })
})

describe('the tiles of a dashboard', () => {
  it('are made, changed and taken away by keyboard alone', async () => {
    const more = async (letters: string): Promise<void> => {
      await page.locator('.home-filters').getByRole('button', { name: 'More' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('menuitem').first().waitFor()
      // Whoever is slow begins anew with each letter, so it is the first one, until it leads there.
      const here = `document.activeElement?.textContent.trim().startsWith('${letters}')`
      do await page.keyboard.press(letters[0]!)
      while (!(await page.evaluate<boolean>(here)))
      await page.keyboard.press('Enter')
    }
    await page.goto('/')
    await more('Copy')
    await page.waitForURL(/dashboard=saved/)
    await more('Edit')
    await page.getByRole('dialog', { name: 'Edit the tiles' }).waitFor()

    const choose = async (label: string, letters: string): Promise<void> => {
      await tabTo(label)
      await page.keyboard.press('Home')
      const here = `document.activeElement.selectedOptions[0].text.startsWith('${letters}')`
      while (!(await page.evaluate<boolean>(here))) await page.keyboard.press('ArrowDown')
    }
    // From the first tile the way back is the shorter one.
    let key: 'Tab' | 'Shift+Tab' = 'Shift+Tab'
    const add = async (heading: string, kind: string, group: string): Promise<void> => {
      await tabTo('Add a tile', key)
      key = 'Tab'
      await page.keyboard.press('Enter')
      await page.locator('#tile-label:focus').waitFor()
      await page.keyboard.type(heading)
      await choose('Shown as', kind)
      await choose('Records', 'Opp')
      if (group) await choose('By', group)
      await tabTo('Save')
      await page.keyboard.press('Enter')
      await page.locator(`[aria-label="Change ${heading}"]:focus`).waitFor()
    }
    await add('Keyed deals', 'Fig', '')
    await add('Keyed stages', 'Bars', 'Stage')
    await add('Keyed owners', 'Rank', 'Owner')
    await expectClean()
    await page.keyboard.press('Enter')
    await page.locator('#tile-label:focus').waitFor()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Keyed people')
    // Escape leaves the form, and not the editor.
    await page.keyboard.press('Escape')
    await page.locator('[aria-label="Change Keyed owners"]:focus').waitFor()
    await page.keyboard.press('Enter')
    await page.locator('#tile-label:focus').waitFor()
    await page.keyboard.press('Control+a')
    await page.keyboard.type('Keyed people')
    await page.keyboard.press('Enter')
    await page.locator('[aria-label="Change Keyed people"]:focus').waitFor()
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.locator('[aria-label="Move Keyed people up"]:focus').waitFor()
    await tabTo('Save')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    const tile = (name: string) => page.getByRole('region', { name })
    await page.getByRole('link', { name: /Keyed deals/ }).waitFor()
    await tile('Keyed stages').locator('canvas').waitFor()
    await tile('Keyed people').getByRole('listitem').first().waitFor()
    await expectClean()

    await more('Edit')
    await tabTo('Remove Keyed stages', 'Shift+Tab')
    await page.keyboard.press('Enter')
    await tabTo('Save')
    await page.keyboard.press('Enter')
    await tile('Keyed stages').waitFor({ state: 'detached' })
    await page.reload()
    await tile('Keyed people').waitFor()
    expect(await tile('Keyed stages').count()).toBe(0)
    expect(open.complaints).toEqual([])
  })
})

describe('an import', () => {
  it('makes options of words that a field does not know', async () => {
    const options = { calm: { label: 'Calm' } }
    await addField('weather', 'crm.leads:lead', { type: 'select', label: 'Weather', options })
    await page.goto('/imports?entity=leads')
    const text = 'Name,Status,Weather\nNew Ann,Fresh fish,Calm\nNew Bo,Qualified,Windy\n'
    const file = { name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from(text) }
    await page.getByLabel('CSV file').setInputFiles(file)
    const word = page.getByRole('combobox', { name: 'Status: Fresh fish' })
    await word.selectOption({ label: 'New option “Fresh fish”' })
    await page.getByText('2 rows, 1 would fail').waitFor()
    expect(await button('Check again').count()).toBe(0)
    await page
      .getByRole('combobox', { name: 'Weather: Windy' })
      .selectOption({ label: 'New option “Windy”' })
    await expect.poll(() => page.locator('.import-preview .is-bad').count()).toBe(0)
    await expectClean()
    await button('Import 2 rows').click()
    await page.getByRole('heading', { name: 'Imported' }).waitFor()
    const { data } = await ask<{ data: Entry[] }>(
      'GET',
      '/leads?filter={"name":{"$startsWith":"New "}}&sort=name',
    )
    expect(data.map(({ status, weather }) => [status, weather])).toEqual([
      ['fresh_fish', 'calm'],
      ['qualified', 'windy'],
    ])
    await page.goto('/leads')
    await page
      .getByRole('row', { name: /New Ann/ })
      .getByText('Fresh fish')
      .waitFor()
    await expectClean()
  })
})
