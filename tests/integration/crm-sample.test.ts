import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'
import { type Who, whoIs } from './crm-setup.ts'

let app: TestApp
let admin: Who

beforeAll(async () => {
  app = await startApp()
  admin = whoIs(await app.createOrg({ name: 'Sample', sampleData: true }))
  // Provisioning survives samples that fail, so what went wrong is only in the log.
  expect(app.logLines.filter((line) => line.includes('sample data'))).toEqual([])
})
afterAll(() => app.stop())

const counted = async (plural: string, filter: object = {}): Promise<number> => {
  const query = `limit=1&count=exact&filter=${encodeURIComponent(JSON.stringify(filter))}`
  const { body } = await admin.call('GET', `/${plural}?${query}`)
  return (body['page'] as { count: number }).count
}

describe('the sample company', () => {
  it.each([
    ['users', 12],
    ['teams', 2],
    ['offices', 3],
    ['products', 12],
    ['campaigns', 14],
    ['accounts', 60],
    ['contacts', 140],
    ['opportunities', 400],
    ['leads', 120],
    ['quotes', 90],
    ['quote-lines', 150],
    ['orders', 25],
    ['order-lines', 50],
    ['customer-invoices', 15],
    ['campaign-members', 100],
    ['goals', 8],
    ['tickets', 90],
    ['ticket-replies', 50],
    ['knowledge-articles', 10],
    ['article-feedback', 8],
    ['segments', 8],
    ['messages', 80],
    ['consent-purposes', 3],
    ['consents', 50],
    ['consent-entries', 50],
    ['activities', 260],
    ['tasks', 48],
  ])('has %s', async (plural, count) => {
    expect(await counted(plural)).toBeGreaterThanOrEqual(count)
  })

  it('has closed three of four deals over 18 months and won more than it lost', async () => {
    const won = await counted('opportunities', { stage: 'won' })
    const lost = await counted('opportunities', { stage: 'lost' })
    expect(won + lost).toBeGreaterThan(250)
    expect(won / (won + lost)).toBeGreaterThan(0.5)
    expect(await counted('opportunities', { closeDate: { $lt: '@today-365d' } })).toBeGreaterThan(
      50,
    )
  })

  it('hangs together: deals have accounts, contacts their employers, reports their managers', async () => {
    expect(await counted('opportunities', { accountId: null })).toBe(0)
    expect(await counted('contacts', { accountId: null })).toBe(0)
    expect(await counted('users', { managerId: { $exists: true } })).toBe(10)
    expect(await counted('leads', { status: 'converted', opportunityId: null })).toBe(0)
    expect(await counted('accounts', { parentId: { $exists: true } })).toBeGreaterThan(5)
  })

  it('names nobody who could be reached', async () => {
    for (const [plural, field] of [
      ['leads', 'email'],
      ['contacts', 'email'],
    ] as const)
      expect(
        await counted(plural, {
          [field]: { $exists: true },
          $not: { [field]: { $contains: '.example' } },
        }),
      ).toBe(0)
  })

  it('makes a forecast and a pipeline worth looking at', async () => {
    const forecast = await admin.run('crm.opportunities:forecast_revenue', { period: 'this_year' })
    expect((forecast.output['byOwner'] as object[]).length).toBeGreaterThan(4)
    const health = await admin.run('crm.opportunities:pipeline_health', {})
    expect((health.output['findings'] as object[]).length).toBeGreaterThan(2)
  })

  it('lets every view answer', async () => {
    const { body } = await admin.call('GET', '/model')
    const entities = body['entities'] as { ref: string; plural: string }[]
    const plurals = new Map(entities.map((entity) => [entity.ref, entity.plural]))
    const views = body['views'] as { ref: string; entity: string; filter?: object; sort?: string }[]
    expect(views.length).toBeGreaterThan(30)
    for (const view of views) {
      const query = new URLSearchParams({
        ...(view.filter ? { filter: JSON.stringify(view.filter) } : {}),
        ...(view.sort ? { sort: view.sort } : {}),
      })
      const answer = await admin.call('GET', `/${plurals.get(view.entity)}?${query}`)
      expect([view.ref, answer.status]).toEqual([view.ref, 200])
    }
  })

  it('goes away in one step', async () => {
    const { body } = await admin.call('GET', '/changes?limit=20')
    const changes = body['data'] as { id: string; door: string }[]
    // The newest; before it comes the first member.
    const seeded = changes.find((change) => change.door === 'seed')
    const reverted = await admin.call('POST', `/changes/${seeded!.id}/revert`, {})
    expect(reverted.status).toBe(200)
    for (const plural of ['leads', 'opportunities', 'contacts', 'accounts', 'tasks', 'offices'])
      expect(await counted(plural)).toBe(0)
    expect(await counted('users')).toBe(1)
  })
})
