import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { seriousProblems } from './axe.ts'
import { type StudioApp, startStudio } from './studio-app.ts'
import { settling } from './walk.ts'

/** An admin shapes the CRM in the studio: makes an object, changes a plugin's, publishes, and takes it back. */
let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio()
}, 240_000)
afterAll(() => studio?.stop())

const changesOf = (page: Page) => page.locator('.draftbar [role=status] b')

async function publish(page: Page, note: string): Promise<void> {
  await page.getByRole('button', { name: 'Review and publish' }).click()
  await publishNow(page, note)
}
async function publishNow(page: Page, note: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Note for the history').fill(note)
  await dialog.getByRole('button', { name: /^Publish \d/ }).click()
  await page
    .getByText(/Revision \d+ is live/)
    .first()
    .waitFor()
  await dialog.waitFor({ state: 'detached' })
}

describe('the studio', () => {
  it('makes an object with fields and a relation, shows it, publishes it, and it is used at once', async () => {
    const { page, complaints } = await studio.open()
    await page.getByRole('link', { name: 'Studio', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Objects' }).waitFor()
    await page.getByRole('button', { name: 'New object' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('One is called').fill('Property')
    await dialog.getByLabel('Field 1', { exact: true }).fill('Street')
    await dialog.getByLabel('Field 2', { exact: true }).fill('Rooms')
    await dialog.getByLabel('Type of field 2').selectOption('integer')
    await dialog.getByRole('button', { name: 'Add a field' }).click()
    await dialog.getByLabel('Field 3', { exact: true }).fill('Lead')
    await dialog.getByLabel('Type of field 3').selectOption('relation')
    await dialog.getByLabel('Object of field 3').selectOption('crm.leads:lead')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'Property' }).waitFor()
    await page.getByRole('heading', { name: 'New property' }).waitFor()

    await page.getByRole('button', { name: 'New field' }).click()
    // The form behind it has a label of its own.
    const field = page.getByRole('dialog')
    await field.getByLabel('Label', { exact: true }).fill('Price per room')
    await field.getByRole('radio', { name: 'Formula' }).click()
    await field.getByLabel('Formula', { exact: true }).fill('rooms * 2')
    await field.getByRole('button', { name: 'Add a field' }).click()
    await page.getByRole('heading', { level: 2, name: 'Price per room' }).waitFor()
    const names = page.locator('.frow .clip')
    await page.getByRole('button', { name: 'Rooms', exact: true }).press('Alt+ArrowUp')
    await expect.poll(() => names.first().textContent()).toBe('Rooms')
    await page.locator('.frow', { hasText: 'Street' }).dragTo(page.locator('.frow').first(), {
      targetPosition: { x: 40, y: 4 },
    })
    await expect.poll(() => names.first().textContent()).toBe('Street')
    expect(await seriousProblems(page)).toEqual([])

    await publish(page, 'Estates')
    await page.getByRole('link', { name: /^Roles/ }).click()
    await page.getByRole('link', { name: 'Viewer' }).click()
    await page.getByRole('combobox', { name: 'Properties: Change' }).selectOption('own')
    await expect.poll(() => changesOf(page).textContent()).toMatch(/^[1-9]/)
    const first = await changesOf(page).textContent()
    await page.getByRole('link', { name: 'Fields', exact: true }).click()
    await page.getByRole('combobox', { name: 'Objects' }).selectOption('t:property')
    await page.getByRole('combobox', { name: 'Rooms' }).selectOption('hidden')
    await expect.poll(() => changesOf(page).textContent()).not.toBe(first)
    await page.getByRole('button', { name: 'Review and publish' }).click()
    await page.getByRole('region', { name: 'Who can do what' }).getByText('Viewer').waitFor()
    await publishNow(page, 'Viewers')
    await page.getByRole('link', { name: 'Back to the CRM' }).click()
    await page.getByRole('link', { name: 'Properties' }).click()
    await page.getByRole('button', { name: 'New property' }).first().click()
    await page.getByRole('dialog').getByLabel('Street').fill('Main Street 1')
    await page.getByRole('dialog').getByLabel('Rooms').fill('4')
    await page
      .getByRole('dialog')
      .getByRole('button', { name: /^Create/ })
      .click()
    await page.getByText('Main Street 1').first().waitFor()
    expect(complaints).toEqual([])
  })

  it('changes what a plugin brought by form and by source, each in step with the other, and takes it back', async () => {
    const { page, complaints } = await studio.open()
    await page.goto('/studio/objects/crm.leads:lead?field=score')
    const label = page.getByLabel('Label', { exact: true })
    await label.fill('Warmth')
    await label.press('Tab')
    await expect.poll(() => changesOf(page).textContent()).toBe('1 change')
    const code = page.getByRole('textbox', { name: 'Source of fields/score.json' })
    await expect.poll(() => code.textContent()).toContain('"Warmth"')

    await page.goto('/studio/points/pages/crm.leads%3Aleads')
    const source = page.getByRole('textbox', { name: 'Source of pages/leads.json' })
    await expect.poll(() => source.textContent()).toContain('"path"')
    const text = (await source.innerText()).replace(/"order": \d+/, '"order": "soon"')
    await source.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text)
    await page
      .locator('.code-host')
      .getByText(/order: .*number/)
      .waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text.replace('"soon"', '7'))
    await page.keyboard.press('Control+s')
    await expect.poll(() => page.getByLabel('Order', { exact: true }).inputValue()).toBe('7')
    await expect.poll(() => changesOf(page).textContent()).toBe('2 changes')

    await page.getByRole('button', { name: 'Order: back to the plugin’s own' }).click()
    await expect.poll(() => changesOf(page).textContent()).toBe('1 change')
    await page.locator('.topbar').click()
    await page.keyboard.press('Control+z')
    await expect.poll(() => changesOf(page).textContent()).toBe('2 changes')
    await page.getByRole('button', { name: 'Discard' }).click()
    await expect.poll(() => changesOf(page).textContent()).toBe('No changes')
    await page.getByRole('button', { name: 'Undo' }).click()
    await expect.poll(() => changesOf(page).textContent()).toBe('2 changes')
    expect(complaints).toEqual([])
  })

  it('shows two admins who write the same leaf both values, and keeps the one that is chosen', async () => {
    const { page } = await studio.open()
    await page.goto('/studio/points/pages/crm.leads%3Aleads')
    const group = page.getByLabel('Group', { exact: true })
    await group.waitFor()
    const write = (from: string, value: string) =>
      studio.org.call('PATCH', '/api/v1/studio/draft', {
        ops: [{ op: 'set', target: 'pages/crm.leads:leads', path: ['group'], from, value }],
      })
    await write('records', 'others')
    await expect.poll(() => group.inputValue()).toBe('others')
    await group.fill('mine')
    await write('others', 'theirs')
    await page
      .getByRole('textbox', { name: /^Source of/ })
      .getByText('theirs')
      .waitFor()
    await group.press('Tab')
    const dialog = page.getByRole('dialog', { name: 'Somebody else changed this' })
    await dialog.getByText('theirs').waitFor()
    await dialog.getByRole('radio', { name: /Yours/ }).click()
    await dialog.getByRole('button', { name: 'Take what is chosen' }).click()
    await expect
      .poll(async () => {
        const answer = await studio.org.call(
          'GET',
          '/api/v1/studio/contributions/pages/crm.leads:leads',
        )
        return answer.json().definition.group
      })
      .toBe('mine')

    // Who writes the source takes nothing away from who writes another leaf meanwhile.
    const source = page.getByRole('textbox', { name: 'Source of pages/leads.json' })
    await source.getByText('"mine"').waitFor()
    const text = (await source.innerText()).replace(/"order": \d+/, '"order": 42')
    await source.click()
    await page.keyboard.press('Control+a')
    await page.keyboard.insertText(text)
    await write('mine', 'again')
    await page.keyboard.press('Control+s')
    await expect
      .poll(async () => {
        const answer = await studio.org.call(
          'GET',
          '/api/v1/studio/contributions/pages/crm.leads:leads',
        )
        const { order, group: now } = answer.json().definition
        return { order, now }
      })
      .toEqual({ order: 42, now: 'again' })
  })

  it('previews the draft as the whole CRM, and rolls a revision back', async () => {
    const { page, complaints } = await studio.open()
    await page.goto('/studio')
    await page.getByRole('button', { name: 'Preview', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Viewer' }).click()
    await page.getByText('This is the draft as Viewer sees it.').waitFor()
    await page.getByRole('link', { name: 'Leads' }).first().waitFor()
    expect(await page.getByRole('link', { name: 'Studio', exact: true }).count()).toBe(0)
    await page.getByRole('button', { name: 'Back to the studio' }).click()
    await publish(page, 'Warmth')
    const settled = settling(page)
    for (const place of ['Archive', 'Review changes', 'Plugins', 'Explorer', 'Roles']) {
      await page.getByRole('link', { name: place }).first().click()
      await page.getByRole('heading', { level: 1, name: place }).waitFor()
      await settled()
      expect([place, await seriousProblems(page)]).toEqual([place, []])
    }
    await page.getByRole('link', { name: /Revisions/ }).click()
    await page.getByRole('button', { name: 'What changed' }).first().click()
    await page.getByText('Warmth', { exact: true }).first().waitFor()
    // A notice offers the one before as well; the list goes back to the first.
    await page.locator('.list-row').last().getByRole('button').last().click()
    await page
      .getByText(/Revision 1 is|back/)
      .first()
      .waitFor()
    await expect
      .poll(async () => {
        const answer = await studio.org.call('GET', '/api/v1/studio/revisions')
        return answer.json().data[0].restores
      })
      .toBe(1)
    expect(complaints).toEqual([])
  })

  it('builds the condition of a role by clicks, and who has the role sees only what meets it', async () => {
    const rule = { operations: ['read'], entity: 'crm.leads:lead' }
    const north = { label: 'North', rules: { leads: rule } }
    const op = { op: 'set', path: ['roles', 'north'], value: north }
    const drafted = await studio.org.call('PATCH', '/studio/draft', { ops: [op] })
    expect(drafted.statusCode).toBe(200)
    for (const score of [40, 90])
      await studio.org.call('POST', '/leads', { name: `Lead ${score}`, score })
    const { page, complaints } = await studio.open()
    await page.goto('/studio/roles/t%3Anorth?tab=rules')
    await page.getByRole('button', { name: /leads/i, expanded: false }).last().click()
    await page.getByRole('button', { name: 'No conditions' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Condition', exact: true }).click()
    await page.getByRole('option', { name: 'Score', exact: true }).click()
    await dialog.getByRole('textbox', { name: 'Score' }).fill('80')
    await dialog.getByRole('textbox', { name: 'Score' }).press('Enter')
    expect(await seriousProblems(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Apply' }).click()
    await page.getByRole('button', { name: '1 condition' }).waitFor()
    await publish(page, 'North')
    const member = await joinOrg(studio.app, studio.org, 't:north')
    const seen = (await member.call('GET', '/leads?limit=200')).json().data
    expect(seen.map(({ name }: { name: string }) => name)).toContain('Lead 90')
    expect(seen.every(({ score }: { score: number }) => score >= 80)).toBe(true)
    expect(complaints).toEqual([])
  })

  it('says by name and number who gains and loses what before it is published', async () => {
    const ann = await joinOrg(studio.app, studio.org, 'rep', 'Ann Rep')
    const bob = await joinOrg(studio.app, studio.org, 'viewer', 'Bob Viewer')
    const leadsOf = async (caller: typeof ann) =>
      (await caller.call('GET', '/leads?limit=1&count=exact')).json().page.count as number
    const [all, ofAnn] = [await leadsOf(bob), await leadsOf(ann)]
    expect(all).toBeGreaterThan(ofAnn)
    const entity = 'crm.leads:lead'
    const rule = (role: string, value: object) => ({
      op: 'set',
      target: `roles/platform.people:${role}`,
      path: ['rules', 'forAll'],
      value: { entity, operations: ['read'], ...value },
    })
    const ops = [rule('rep', {}), rule('viewer', { effect: 'deny', fields: ['score'] })]
    expect((await studio.org.call('PATCH', '/studio/draft', { ops })).statusCode).toBe(200)
    const { page, complaints } = await studio.open()
    const read = async (name: string) => {
      const region = page.getByRole('region', { name })
      const part = (who: string) =>
        region
          .locator('.acc')
          .filter({ has: page.getByRole('heading', { name: who, exact: true }) })
      await part('Ann Rep').waitFor()
      return (who: string) =>
        part(who).last().locator('h5, .accobj li > :last-child').allInnerTexts()
    }
    await page.goto('/studio/objects')
    await page.getByRole('button', { name: 'Review and publish' }).click()
    const words = await read('Who can do what')
    const more = `Sees ${all - ofAnn} more records`
    expect(await words('Ann Rep')).toEqual(['Leads', more])
    // Those who are reps already reach all of them, each their own.
    const together = 'Sees records under other conditions, today the same ones'
    expect(await words('Sales rep')).toEqual(['Leads', together])
    const lost = ['Leads', 'No longer sees the field Score']
    expect(await words('Bob Viewer')).toEqual(lost)
    expect(await words('Viewer')).toEqual(lost)
    expect(await seriousProblems(page)).toEqual([])
    await publishNow(page, 'Reps see all')
    expect(await leadsOf(ann)).toBe(all)
    expect((await bob.call('GET', '/leads?limit=1')).json().data[0]).not.toHaveProperty('score')
    expect(complaints).toEqual([])
  })

  it('says what uses a field that goes, and leaves the publish to somebody else where two are needed', async () => {
    const { page, context, complaints } = await studio.open()
    const draft = (ops: object[], call = studio.org.call) =>
      call('PATCH', '/studio/draft', { ops }).then(({ statusCode }) => expect(statusCode).toBe(200))
    const publishes = async (call = studio.org.call) => {
      const { hash } = (await call('POST', '/studio/plan')).json()
      return (await call('POST', '/studio/publish', { hash })).statusCode
    }
    const budget = { entity: 'crm.leads:lead', field: { type: 'number', label: 'Budget' } }
    const rich = {
      ...{ entity: 'crm.leads:lead', label: 'Rich', kind: 'table', columns: ['name', 'budget'] },
    }
    await draft([
      { op: 'set', path: ['fields', 'budget'], value: budget },
      { op: 'set', path: ['views', 'rich'], value: rich },
    ])
    expect(await publishes()).toBe(201)
    await studio.org.call('POST', '/leads', { name: 'Rich one', budget: 7 })
    await studio.org.call('PATCH', '/settings/kernel:publishing', { secondPerson: true })

    const unset = [{ op: 'unset', path: ['fields', 'budget'], from: budget }]
    const edited = await context.request.patch('/api/v1/studio/draft', { data: { ops: unset } })
    expect(edited.status(), await edited.text()).toBe(200)
    await page.goto('/studio')
    await page.getByRole('button', { name: 'Review and publish' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('Used by Rich').waitFor()
    await dialog.getByText('Two people are needed').waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await dialog.getByRole('textbox', { name: 'Type budget to go on' }).fill('budget')
    expect(await dialog.getByRole('button', { name: /^Publish \d/ }).isDisabled()).toBe(true)

    const second = await joinOrg(studio.app, studio.org, 'admin', 'Eve')
    expect(await publishes(second.call)).toBe(201)
    // The page of the first hears of it.
    await dialog.getByText('Nothing would change.').waitFor()
    await studio.org.call('PATCH', '/settings/kernel:publishing', { secondPerson: false })
    expect(complaints).toEqual([])
  })
})
