import type { Response } from 'light-my-request'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { suiteRandom, suiteScale } from './support/scale.ts'

/**
 * Ten people change the same records at the same moment, each in an order of their own: some wait, some
 * are told that others are changing them, nobody gets a 5xx, and each record's history has every version.
 */
const rounds = 8 * suiteScale
const random = suiteRandom('contention')

let app: TestApp
let org: Caller
let accounts: string[]
let contacts: string[]

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg()
  accounts = await create('accounts', (i) => ({ name: `Account ${i}` }))
  contacts = await create('contacts', (i) => ({ lastName: `C ${i}`, accountId: accounts[i] }))
}, 60_000)
afterAll(() => app.stop())

async function create(plural: string, values: (i: number) => object): Promise<string[]> {
  const items = Array.from({ length: 60 }, (_, i) => values(i))
  const answer = await org.call('POST', `/${plural}/bulk`, { create: items })
  return answer.json<{ results: { id: string }[] }>().results.map(({ id }) => id)
}

const some = (ids: readonly string[], n: number) =>
  ids
    .map((id) => [random.next(), id] as const)
    .sort(([a], [b]) => a - b)
    .slice(0, n)
    .map(([, id]) => id)
const text = () => `Text ${random.next()}`

type Deed = (atomic: boolean, headers: Record<string, string>) => Promise<Response>
const bulk = (plural: string, body: () => object): Deed => {
  return (atomic, headers) => org.call('POST', `/${plural}/bulk`, { ...body(), atomic }, headers)
}
const deeds: readonly Deed[] = [
  bulk('accounts', () => ({ update: some(accounts, 40).map((id) => ({ id, country: text() })) })),
  bulk('accounts', () => ({
    update: some(accounts, 40).map((id) => ({ id, parentId: some(accounts, 1)[0] })),
  })),
  bulk('contacts', () => ({
    update: some(contacts, 40).map((id) => ({
      id,
      accountId: some(accounts, 1)[0],
      title: text(),
    })),
  })),
  bulk('accounts', () => ({ delete: some(accounts, 3).map((id) => ({ id })) })),
  async () => {
    const [id] = some(accounts, 1)
    await org.call('DELETE', `/accounts/${id}`)
    return org.call('POST', `/accounts/${id}/restore`)
  },
]

it('lets some wait and refuses some, but breaks for nobody', { timeout: 3_600_000 }, async () => {
  const counts: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all(
      [...deeds, ...deeds].map((deed, i) => {
        const headers = i % 3 === 0 ? { 'idempotency-key': `${round} ${i}` } : {}
        return deed(round % 2 === 0, headers as Record<string, string>)
      }),
    )
    for (const answer of answers) {
      const { code = '' } = answer.statusCode < 400 ? {} : answer.json<{ code: string }>()
      const kind = `${answer.statusCode} ${code}`.trim()
      counts[kind] = (counts[kind] ?? 0) + 1
    }
  }
  console.info('contention:', counts)
  expect(
    Object.keys(counts).filter(
      (kind) => !/^(2..|404 NOT_FOUND|409 STATE_CONFLICT|422 INVALID)$/.test(kind),
    ),
  ).toEqual([])
  for (const [plural, ids] of [
    ['accounts', accounts],
    ['contacts', contacts],
  ] as const) {
    for (const id of ids.slice(0, 20)) expect(await versionsOf(plural, id)).toBe(true)
  }
})

/** Whether the history has one entry for each version, the newest first. */
async function versionsOf(plural: string, id: string): Promise<boolean> {
  const answer = await org.call('GET', `/${plural}/${id}/history?limit=200`)
  if (answer.statusCode === 404) return true
  const versions = answer.json<{ data: { version: number }[] }>().data.map((one) => one.version)
  return versions.every((version, i) => version === versions.length - i)
}
