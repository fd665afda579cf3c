import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Request } from 'playwright-core'

/** How long nothing must have been asked for: as long as for `networkidle`. */
const quietMs = 500
/** After that nobody tells the end of a request any more. */
const lostMs = 20_000
/** A page that is never idle has at least had this long. */
const busyMs = 2_000

const known = new WeakMap<Page, () => Promise<void>>()

/**
 * Waits until a page has what it asked for and has drawn it. `networkidle` says it of a new document alone, and also
 * of one that is too busy to ask.
 */
export function settling(page: Page): () => Promise<void> {
  const settled = known.get(page) ?? settlingOf(page)
  known.set(page, settled)
  return settled
}

function settlingOf(page: Page): () => Promise<void> {
  const open = new Map<Request, number>()
  let lastAt = 0
  const note = (request: Request, isOpen: boolean) => {
    // Of what the page before had asked for nobody tells the end.
    if (isOpen && request.isNavigationRequest()) open.clear()
    lastAt = performance.now()
    if (isOpen) open.set(request, lastAt)
    else open.delete(request)
  }
  const isWaiting = (): boolean => open.values().some((since) => performance.now() - since < lostMs)
  page.on('request', (request) => note(request, true))
  page.on('requestfinished', (request) => note(request, false))
  page.on('requestfailed', (request) => note(request, false))
  return async () => {
    lastAt = performance.now()
    while (isWaiting() || performance.now() - lastAt < quietMs) {
      await sleep(20)
      // A page that is busy has not asked for what it needs yet.
      const asked = performance.now()
      await page.evaluate(
        `new Promise((done) => requestIdleCallback(done, { timeout: ${busyMs} }))`,
      )
      if (performance.now() - asked > quietMs && performance.now() - asked < busyMs)
        lastAt = performance.now()
    }
  }
}

/** Opens an address and waits until all of it is there. */
export async function visit(page: Page, path: string): Promise<void> {
  const settled = settling(page)
  await page.goto(path)
  await settled()
}

/**
 * Walks about in an app that is open, as its links do: a page is rendered anew, but the scripts are not read
 * again, which takes most of the time of opening an address.
 */
export function walkIn(page: Page): (path: string) => Promise<void> {
  const settled = settling(page)
  return async (path) => {
    await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)})
      dispatchEvent(new PopStateEvent('popstate', { state: null }))`)
    await settled()
  }
}
