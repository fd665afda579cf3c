import { setTimeout as sleep } from 'node:timers/promises'
import type { Page, Request } from 'playwright-core'

/** How long nothing must have been asked for: as long as for `networkidle`. */
const quietMs = 500

/**
 * Walks about in an app that is open, as its links do: a page is rendered anew, but the scripts are not read
 * again, which takes most of the time of opening an address.
 */
export function walkIn(page: Page): (path: string) => Promise<void> {
  const open = new Set<Request>()
  let lastAt = 0
  const note = (request: Request, isOpen: boolean) => {
    if (isOpen) open.add(request)
    else open.delete(request)
    lastAt = performance.now()
  }
  page.on('request', (request) => note(request, true))
  page.on('requestfinished', (request) => note(request, false))
  page.on('requestfailed', (request) => note(request, false))
  return async (path) => {
    lastAt = performance.now()
    await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)})
      dispatchEvent(new PopStateEvent('popstate', { state: null }))`)
    while (open.size > 0 || performance.now() - lastAt < quietMs) await sleep(20)
  }
}
