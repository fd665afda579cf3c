import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriousProblems } from './axe.ts'
import { publish } from './publish.ts'
import { readFromRight } from './sign-in.ts'
import { type StudioApp, startStudio } from './studio-app.ts'

/** A definition that is a graph: the point and its kinds of steps come from a plugin that the studio never saw. */
let studio: StudioApp
beforeAll(async () => {
  studio = await startStudio({}, [path.resolve(import.meta.dirname, '../fixtures/graphs')])
}, 240_000)
afterAll(() => studio?.stop())

interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
}
const greet = '/studio/points/recipes/test.recipes:greet'
const canvas = (page: Page) => page.getByRole('region', { name: 'Graph' })
const node = (page: Page, name: string | RegExp) => canvas(page).getByRole('button', { name })
const pick = (page: Page, kind: string) =>
  page.getByRole('dialog').getByRole('option', { name: kind, exact: true }).click()

// biome-ignore lint/suspicious/noExplicitAny: what comes is compared, never computed with.
async function definition(key: string): Promise<any> {
  const answer = await studio.org.call('GET', `/studio/contributions/recipes/${key}`)
  return answer.statusCode === 200 ? answer.json().definition : null
}

async function makeRecipe(page: Page, name: string): Promise<void> {
  await page.goto('/studio/points/recipes')
  await page.getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('dialog').getByLabel('Name').fill(name)
  await page.getByRole('dialog').getByRole('button', { name: 'Add', exact: true }).click()
  await page.getByRole('heading', { level: 1, name }).waitFor()
}

describe('a graph on its canvas', () => {
  it('is drawn with kinds, ways and their labels, and a node opens its own form', async () => {
    const { page, complaints } = await studio.open()
    await page.goto(greet)
    await node(page, /^Score over 80\?\s*Choose a way\s*Begins here/).waitFor()
    expect(await canvas(page).locator('.glabel').allTextContents()).toEqual(
      expect.arrayContaining(['hot', 'warm', 'Otherwise']),
    )
    await node(page, /^Let it rest/).click()
    const panel = page.getByRole('complementary', { name: 'Let it rest' })
    await panel.getByRole('textbox', { name: 'Minutes' }).waitFor()
    expect(await panel.getByRole('textbox', { name: 'Minutes' }).inputValue()).toBe('90')
    await panel.getByRole('button', { name: 'Minutes as an expression' }).click()
    await panel.getByRole('textbox', { name: 'Minutes' }).fill('{{ record.score }}')
    await panel.getByLabel('Name').focus()
    await expect
      .poll(async () => (await definition('test.recipes:greet')).steps.wait.settings.minutes)
      .toBe('{{ record.score }}')
    expect(await seriousProblems(page)).toEqual([])
    expect(complaints).toEqual([])
  })

  it('is built with the mouse: added, joined, told what is wrong at the node, published', async () => {
    const { page, complaints } = await studio.open()
    await makeRecipe(page, 'By mouse')
    await page.getByRole('button', { name: 'Add the first one' }).click()
    await pick(page, 'Choose a way')
    const panel = page.getByRole('complementary')
    await panel.getByLabel('Name').fill('Rich?')
    await panel.getByLabel('Name').press('Enter')
    await panel.getByLabel('Object').selectOption('crm.leads:lead')
    await node(page, 'Add after Rich?').click()
    await pick(page, 'Wait a while')
    // The draft does not take it without its minutes; until then the node says so.
    await node(page, /^Wait a while.*1 problem/).waitFor()
    await panel.getByText('“Minutes” is missing.').waitFor()
    expect((await definition('t:by_mouse')).steps).not.toHaveProperty('wait_a_while')
    expect(await seriousProblems(page)).toEqual([])
    await panel.getByRole('textbox', { name: 'Minutes' }).fill('15')
    await panel.getByLabel('Name').fill('A break')
    await panel.getByLabel('Name').press('Enter')
    await node(page, /^A break\s*Wait a while$/).waitFor()
    // Between the two, on the way itself.
    await node(page, 'Add between Rich? and A break').click()
    await pick(page, 'Do something')
    await panel.getByLabel('Action').selectOption('crm.leads:score_lead')
    await panel.getByLabel('Lead id').fill('{{ record.id }}')
    await panel.getByLabel('Lead id').press('Enter')
    await panel.getByLabel('Name').fill('Score it')
    await panel.getByLabel('Name').press('Enter')
    await expect
      .poll(async () => (await definition('t:by_mouse')).steps)
      .toMatchObject({
        choose_a_way: { settings: { otherwise: 'do_something' } },
        do_something: { label: 'Score it', next: 'wait_a_while' },
        wait_a_while: { label: 'A break', settings: { minutes: 15 } },
      })
    // Pulled from one to another.
    await page.getByRole('button', { name: 'Add', exact: true }).first().click()
    await pick(page, 'Stop')
    await node(page, /^Stop\s*Nothing leads here/).waitFor()
    await canvas(page).getByRole('button', { name: 'Fit' }).click()
    const source = canvas(page).locator('[data-id=wait_a_while] .vue-flow__handle.source')
    const target = canvas(page).locator('[data-id=stop] .vue-flow__handle.target')
    await node(page, /^A break/).hover()
    const [from, to] = [(await source.boundingBox())!, (await target.boundingBox())!]
    await page.mouse.move(from.x + 6, from.y + 6)
    await page.mouse.down()
    await page.mouse.move(to.x, to.y + 30, { steps: 6 })
    await page.mouse.move(to.x + 6, to.y + 6, { steps: 4 })
    await page.mouse.up()
    await expect
      .poll(async () => (await definition('t:by_mouse')).steps.wait_a_while.next)
      .toBe('stop')
    // Removing one leads what came before it to what came after; undo brings it back.
    await node(page, /^Score it/).click()
    await panel.getByRole('button', { name: 'Remove Score it' }).click()
    await expect
      .poll(async () => (await definition('t:by_mouse')).steps.choose_a_way.settings.otherwise)
      .toBe('wait_a_while')
    await page.keyboard.press('Control+z')
    await node(page, /^Score it/).waitFor()
    await publish(page, 'By mouse')
    await expect.poll(() => definition('t:by_mouse').then((one) => one.start)).toBe('choose_a_way')
    expect(complaints).toEqual([])
  })

  it('is built, walked and changed with the keyboard alone', async () => {
    const { page, complaints } = await studio.open()
    await makeRecipe(page, 'By keys')
    const focused = () =>
      page.evaluate<string>(
        'document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent.trim()',
      )
    const choose = async (kind: string) => {
      await page.locator('.picker input:focus').waitFor()
      await page.keyboard.type(kind)
      await page.keyboard.press('Enter')
      // The keys are the panel's once it has the focus.
      await page.getByRole('complementary').locator(':focus').waitFor()
    }
    await page.getByRole('button', { name: 'Add the first one' }).focus()
    await page.keyboard.press('Enter')
    await choose('Choose')
    await expect.poll(() => page.evaluate('document.activeElement?.tagName')).toBe('SELECT')
    await page.keyboard.press('Escape')
    await expect.poll(focused).toMatch(/^Choose a way/)
    await page.keyboard.press('ArrowDown')
    await expect.poll(focused).toBe('Add after Choose a way')
    await page.keyboard.press('Enter')
    await choose('Stop')
    await page.keyboard.press('Escape')
    await expect.poll(focused).toMatch(/^Stop/)
    await page.keyboard.press('ArrowUp')
    await expect.poll(focused).toMatch(/^Choose a way/)
    await page.keyboard.press('Insert')
    await choose('Wait')
    const panel = page.getByRole('complementary')
    await panel.getByRole('textbox', { name: 'Minutes' }).focus()
    await page.keyboard.type('5')
    await page.keyboard.press('Enter')
    await expect
      .poll(async () => (await definition('t:by_keys')).steps)
      .toMatchObject({
        choose_a_way: { settings: { otherwise: 'wait_a_while' } },
        wait_a_while: { next: 'stop', settings: { minutes: 5 } },
      })
    // A way out of a circle is not offered, and one that the source makes is told at its node.
    const next = panel.getByLabel('Next')
    expect(await next.locator('option:disabled').allTextContents()).toEqual([
      'Choose a way (leads back here)',
    ])
    await page.keyboard.press('Escape')
    await expect.poll(focused).toMatch(/^Wait a while/)
    await page.keyboard.press('Delete')
    await expect
      .poll(async () => (await definition('t:by_keys')).steps.choose_a_way.settings.otherwise)
      .toBe('stop')
    await expect.poll(focused).toMatch(/^Choose a way/)
    expect(complaints).toEqual([])
  })

  it('tells a circle at the node whose way closes it', async () => {
    const { page } = await studio.open()
    await page.goto('/studio/points/recipes/t:by_mouse')
    await page.getByRole('radio', { name: 'JSON' }).click()
    const source = page.getByRole('textbox', { name: /^Source of/ })
    await source.waitFor()
    const line = source.locator('.cm-line', { hasText: 'test.recipes:stop' })
    await line.click()
    await page.keyboard.press('End')
    // Before the brace that ends the node.
    for (const _ of '12') await page.keyboard.press('ArrowLeft')
    await page.keyboard.type(', "next": "choose_a_way"')
    await page.getByText('This leads in a circle').first().waitFor()
    await page.getByRole('radio', { name: 'Graph' }).click()
    await node(page, /1 problem/).waitFor()
    expect(await seriousProblems(page)).toEqual([])
  })
})

describe('a graph as a list', () => {
  it('has the same nodes and deeds, and is what a phone shows first', async () => {
    const { page, complaints } = await studio.open({ isPhone: true })
    await page.goto('/studio/points/recipes/t:by_keys')
    const list = page.getByRole('group', { name: 'List' })
    await list.getByRole('button', { name: /^Choose a way/ }).waitFor()
    expect(await list.getByRole('listitem').count()).toBe(2)
    await list.getByRole('button', { name: 'Add after Choose a way' }).tap()
    await page.getByRole('dialog').getByRole('option', { name: 'Wait a while' }).tap()
    const panel = page.getByRole('complementary')
    await panel.getByRole('textbox', { name: 'Minutes' }).fill('7')
    await panel.getByRole('button', { name: 'Close' }).tap()
    await expect.poll(() => list.getByRole('listitem').count()).toBe(3)
    expect(await seriousProblems(page)).toEqual([])
    await page.getByRole('radio', { name: 'Graph' }).tap()
    await node(page, /^Wait a while/).waitFor()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390)
    expect(await seriousProblems(page)).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('a graph for everybody', () => {
  it('speaks German, stands in the dark, and stays whole where one reads from the right', async () => {
    const { page, context } = await studio.open({ colorScheme: 'dark' })
    await context.addInitScript(`localStorage.setItem('runway.preferences', '{"language":"de"}')`)
    await page.goto(greet)
    await page.getByRole('region', { name: 'Ablauf' }).waitFor()
    await page.getByRole('button', { name: /Einen Weg wählen\s*Beginnt hier/ }).waitFor()
    expect(await seriousProblems(page)).toEqual([])
    await context.addInitScript(readFromRight)
    await page.goto(greet)
    // It is moved into sight a moment after it is drawn.
    const isWhole = async (): Promise<boolean> => {
      const boxOf = async (one: Locator): Promise<Box> => (await one.boundingBox())!
      const first = await boxOf(node(page, /^Score over 80/))
      const last = await boxOf(node(page, /^Stop|^Aufhören/))
      const whole = await boxOf(canvas(page))
      const isInside = first.x > whole.x && first.x + first.width < whole.x + whole.width
      return first.y < last.y && isInside
    }
    await expect.poll(isWhole).toBe(true)
  })
})
