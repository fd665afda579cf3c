import path from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { ensureBuilt } from '../../studio/build.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { openBrowser } from './browser.ts'
import { adminPassword, desktop, phone, signIn } from './sign-in.ts'

export interface StudioApp {
  readonly app: TestApp
  readonly browser: Browser
  readonly url: string
  /** An organisation with sample data and its admin: an API caller, and a signed-in page. */
  readonly org: Caller & { readonly email: string }
  /** A page of its own, signed in as the admin. Errors in the page fail the test that asks for them. */
  open(options?: PageOptions): Promise<OpenPage>
  stop(): Promise<void>
}

export interface PageOptions {
  readonly isPhone?: boolean
  readonly colorScheme?: 'light' | 'dark'
  readonly isSignedOut?: boolean
}

export interface OpenPage {
  readonly page: Page
  readonly context: BrowserContext
  /** What the page complained about: exceptions, violations of the content security policy. */
  readonly complaints: string[]
}

/** The real product with the built studio, and a browser beside it. */
export async function startStudio(
  environment: Record<string, string> = {},
  /** Folders with plugins besides the product's own. */
  moreRoots: readonly string[] = [],
): Promise<StudioApp> {
  await ensureBuilt({ log: () => {} })
  const studioDir = path.resolve(import.meta.dirname, '../../studio/dist')
  const app = await startApp({ STUDIO_DIR: studioDir, ...environment }, moreRoots)
  const url = await app.listen()
  const browser = await openBrowser()
  const email = 'ada@example.test'
  const made = await app.house.accounts.provision({
    orgName: 'Halden Marine',
    slug: 'halden',
    email,
    password: adminPassword,
    sampleData: true,
  })
  const key = await app.createKey(made.orgId)

  return {
    app,
    browser,
    url,
    org: { ...key, email },
    async open(options = {}) {
      const context = await browser.newContext({
        baseURL: url,
        viewport: options.isPhone ? phone : desktop,
        hasTouch: options.isPhone ?? false,
        colorScheme: options.colorScheme ?? 'light',
        locale: 'en-GB',
        // Days of the tests are those of UTC, wherever they run.
        timezoneId: 'UTC',
        reducedMotion: 'reduce',
      })
      // What is waited for comes when a busy machine gets to it.
      context.setDefaultTimeout(60_000)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
          complaints.push(message.text())
      })
      if (!options.isSignedOut) await signIn(page, email, adminPassword, made.slug)
      return { page, context, complaints }
    },
    async stop() {
      await browser.close()
      await app.stop()
    },
  }
}
