import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configHelp, configTable, loadConfig } from './config.ts'

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'runway-config-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

const key = 'k'.repeat(32)

it('works without any variable, with a secret key that stays the same', async () => {
  const first = await loadConfig({ RUNWAY_DATA_DIR: dataDir })
  const second = await loadConfig({ RUNWAY_DATA_DIR: dataDir })
  expect(first).toMatchObject({
    port: 3000,
    host: '127.0.0.1',
    databaseUrl: null,
    demo: true,
    roles: { web: true, worker: true },
    uploadLimitBytes: 100 * 1024 * 1024,
    filesUrl: null,
    production: false,
  })
  expect(first.secretKey).toHaveLength(43)
  expect(second.secretKey).toBe(first.secretKey)
  expect((await stat(path.join(dataDir, 'secret-key'))).mode & 0o777).toBe(0o600)
  expect(Object.isFrozen(first)).toBe(true)
})

it('asks in production for a database and a secret key', async () => {
  await expect(loadConfig({ NODE_ENV: 'production' })).rejects.toThrow(
    /DATABASE_URL must be .*RUNWAY_SECRET_KEY must be at least 16 characters/s,
  )
  const config = await loadConfig({
    NODE_ENV: 'production',
    DATABASE_URL: 'postgresql://runway_server@db/runway',
    RUNWAY_SECRET_KEY: key,
    RUNWAY_DATA_DIR: dataDir,
  })
  expect(config).toMatchObject({ production: true, demo: false, secretKey: key })
})

it('names every bad variable with its meaning and an example, and never shows the value', async () => {
  const error = await loadConfig({
    PORT: 'eighty-secret',
    RUNWAY_ROLES: 'web,cook',
    RUNWAY_UPLOAD_LIMIT: '5 apples',
    DATABASE_URL: 'mysql://secret@x',
    RUNWAY_SIGNUP: 'yes',
  }).catch((e: Error) => e)
  expect(error).toBeInstanceOf(Error)
  const { message } = error as Error
  expect(message).toContain('PORT must be a whole number from 0 to 65535')
  expect(message).toContain('Example: PORT=8080')
  for (const name of ['RUNWAY_ROLES', 'RUNWAY_UPLOAD_LIMIT', 'DATABASE_URL', 'RUNWAY_SIGNUP']) {
    expect(message).toContain(`${name} must be`)
  }
  expect(message).not.toMatch(/mysql|eighty|apples|cook/)
})

it.each([
  ['HOST', 'not a host'],
  ['HOST', '127.0.0.1:3000/x'],
  ['RUNWAY_DEMO_PASSWORD', 'too-short'],
  ['RUNWAY_MAP_TILES', 'tiles/{z}/{x}/{y}.png'],
  ['RUNWAY_MAP_TILES', 'https://tiles.example.test/{z}/{x}.png'],
  ['RUNWAY_MAP_TILES', 'https://{z}.tiles.example.test/{x}/{y}.png'],
  ['RUNWAY_MAP_TILES', 'javascript:alert({z}{x}{y})'],
  ['RUNWAY_DEMO_PASSWORD', 'x'.repeat(201)],
  ['RUNWAY_DATA_DIR', import.meta.filename],
])('refuses %s=%s by its name, with an example', async (name, value) => {
  const read = loadConfig({ RUNWAY_SECRET_KEY: key, RUNWAY_DATA_DIR: dataDir, [name]: value })
  await expect(read).rejects.toThrow(new RegExp(`${name} must be .*Example: ${name}=`, 's'))
})

it.each(['0.0.0.0', '::', 'fe80::1', 'localhost', 'crm-1.internal'])(
  'listens on %s',
  async (host) => {
    const config = await loadConfig({
      HOST: host,
      RUNWAY_SECRET_KEY: key,
      RUNWAY_DATA_DIR: dataDir,
    })
    expect(config.host).toBe(host)
  },
)

it('reads sizes, addresses and roles', async () => {
  const config = await loadConfig({
    RUNWAY_SECRET_KEY: key,
    RUNWAY_UPLOAD_LIMIT: '2GiB',
    RUNWAY_PUBLIC_URL: 'https://crm.example.com/',
    RUNWAY_ROLES: 'worker',
    STRIPE_BASE_URL: 'http://127.0.0.1:4010',
    RUNWAY_DATA_DIR: dataDir,
  })
  expect(config).toMatchObject({
    uploadLimitBytes: 2 * 1024 ** 3,
    publicUrl: 'https://crm.example.com',
    roles: { web: false, worker: true },
    baseUrls: { stripe: 'http://127.0.0.1:4010', slack: null },
  })
})

it('explains every variable in the help and in the README table', () => {
  for (const name of ['PORT', 'DATABASE_ADMIN_URL', 'RUNWAY_TRUST_PROXY', 'NODE_ENV', 'SMTP_URL']) {
    expect(configHelp()).toContain(`${name}\n`)
    expect(configTable()).toContain(`| \`${name}\` |`)
  }
})

it('says at once that the data folder cannot be made', async () => {
  for (const folder of ['/proc/nope', '/proc/nope/deeper', '/dev/null/below', '/dev/null'])
    await expect(loadConfig({ RUNWAY_DATA_DIR: folder }), folder).rejects.toThrow(
      /RUNWAY_DATA_DIR must be a folder that can be written \(E\w+\)\.\n.*Example: RUNWAY_DATA_DIR=/,
    )
})

it('makes the data folder with all that is above it', async () => {
  const folder = path.join(dataDir, 'a/b/c')
  await Promise.all([
    loadConfig({ RUNWAY_DATA_DIR: folder }),
    loadConfig({ RUNWAY_DATA_DIR: folder }),
  ])
  expect((await stat(folder)).isDirectory()).toBe(true)
})

it('says what to do about a database for migrations and none to serve', async () => {
  const env = { RUNWAY_DATA_DIR: dataDir, DATABASE_ADMIN_URL: 'postgresql://postgres@db/runway' }
  await expect(loadConfig(env)).rejects.toThrow(
    /DATABASE_URL must be set where DATABASE_ADMIN_URL is\.\n.*Example: DATABASE_URL=/,
  )
})
