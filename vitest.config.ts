import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

const patient = {
  testTimeout: 90_000,
  hookTimeout: 120_000,
  // What is waited for comes when a busy machine gets to it; one second is no part of any promise.
  expect: { poll: { timeout: 40_000 } },
} as const
const server = {
  environment: 'node',
  ...patient,
  // Reading the product once per worker and not once per file is a third of the time. Files share nothing else:
  // each has a database, a server and organisations of its own.
  isolate: false,
  setupFiles: ['tests/setup/seed.ts'],
} as const
const database = { globalSetup: ['tests/setup/global-database.ts'] }

export default defineConfig({
  test: {
    // One process waits for PostgreSQL, a browser or a lease most of its time, so a core less than there are is wasted.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'kernel/**/*.test.ts',
            'sdk/**/*.test.ts',
            'plugins/**/*.test.ts',
            'marketplace/**/*.test.ts',
          ],
          ...server,
          ...database,
        },
      },
      { test: { name: 'architecture', include: ['tests/architecture/**/*.test.ts'], ...server } },
      {
        test: {
          name: 'integration',
          include: ['tests/integration/**/*.test.ts'],
          ...server,
          ...database,
        },
      },
      {
        test: {
          name: 'suites',
          include: ['tests/suites/**/*.test.ts'],
          ...server,
          ...database,
          testTimeout: 300_000,
        },
      },
      {
        plugins: [vue()],
        test: {
          name: 'studio',
          include: ['studio/**/*.test.ts'],
          environment: 'happy-dom',
          ...patient,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          ...server,
          globalSetup: [...database.globalSetup, 'tests/setup/global-browser.ts'],
          // Some look at every page there is; what one of them waits for has its own, shorter time.
          testTimeout: 600_000,
        },
      },
    ],
  },
})
