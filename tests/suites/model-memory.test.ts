import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { createTestDatabase } from '../setup/test-database.ts'

const script = fileURLToPath(new URL('./model-memory.ts', import.meta.url))

/** In a process of its own: what the test runner keeps would drown what is measured. */
async function measure(env: Record<string, string> = {}): Promise<Record<string, number>> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script], {
    env: { ...process.env, ...env },
  })
  console.info(stdout.trim())
  return JSON.parse(stdout)
}

it('costs at most 100 KB for an organisation with 20 overrides, and a few milliseconds', async () => {
  const { bytesPerOrg, estimate, msPerOrg, problems } = await measure()
  expect(problems).toBe(0)
  expect(bytesPerOrg).toBeLessThan(100_000)
  expect(msPerOrg).toBeLessThan(50)
  // The cache counts by the estimate: it may be too careful, not too careless.
  expect(estimate).toBeGreaterThan((bytesPerOrg ?? 0) * 0.8)
  expect(estimate).toBeLessThan((bytesPerOrg ?? 0) * 3)
})

it('holds no more memory after 100 publishes than before', async () => {
  const test = await createTestDatabase()
  try {
    const { growth } = await measure({ SERVER_URL: test.serverUrl, SECRET_KEY: test.secretKey })
    expect(Math.abs(growth ?? 1)).toBeLessThan(0.05)
  } finally {
    await test.drop()
  }
})
