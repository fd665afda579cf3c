import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

const byLevel = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']
/** The rules for which colours count. */
const byColour = ['color-contrast', 'link-in-text-block']

/** What axe finds serious or critical by WCAG A and AA. */
export const seriousProblems = (page: Page): Promise<string[]> => seriousIn(page, byLevel)

/** The same for a page that is looked at again in other colours, where nothing else has changed. */
export const seriousColours = (page: Page): Promise<string[]> => seriousIn(page, byColour)

async function seriousIn(page: Page, runOnly: readonly string[]): Promise<string[]> {
  await page.evaluate(`globalThis.axe || (() => { ${source} })()`)
  const found = (await page.evaluate(`axe.run(document, {
    runOnly: ${JSON.stringify(runOnly)}, resultTypes: ['violations'],
  }).then((result) => result.violations)`)) as readonly Violation[]
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes
          .map(({ html }) => html.slice(0, 160))
          .slice(0, 3)
          .join(' | ')}`,
    )
}
