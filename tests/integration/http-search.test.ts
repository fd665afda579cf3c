import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app?.stop())

interface Found {
  readonly data: readonly { readonly entity: string; readonly title: string }[]
  readonly partial: boolean
}

describe('search', () => {
  it('finds records of several entities, the best first, and nobody else’s', async () => {
    const [org, other] = [await app.createOrg(), await app.createOrg()]
    await org.call('POST', '/accounts', { name: 'Northwind' })
    await org.call('POST', '/leads', { name: 'Old northwind lead' })
    await org.call('POST', '/leads', { name: 'Ada', email: 'ada@northwind.test' })
    await other.call('POST', '/leads', { name: 'Northwind secret' })
    const found = (await org.call('GET', '/search?q=NORTHWIND')).json<Found>()
    expect(found.data.map((hit) => `${hit.entity} ${hit.title}`)).toEqual([
      'accounts Northwind',
      'leads Old northwind lead',
      'leads Ada',
    ])
    expect(found.data[2]).toMatchObject({ snippet: 'ada@northwind.test', score: 0.3 })
    const leads = (await org.call('GET', '/search?q=northwind&entities=leads')).json<Found>()
    expect(new Set(leads.data.map((hit) => hit.entity))).toEqual(new Set(['leads']))
  })

  it('finds nothing for no text, and knows no entity that is not there', async () => {
    const org = await app.createOrg()
    expect((await org.call('GET', '/search?q=')).json()).toEqual({ data: [], partial: false })
    const answer = await org.call('GET', '/search?q=x&entities=nothing')
    expect(answer.json()).toMatchObject({ code: 'INVALID', errors: [{ path: 'entities' }] })
  })

  it('of a key that reads leads alone finds leads alone', async () => {
    const org = await app.createOrg()
    await org.call('POST', '/accounts', { name: 'Contoso' })
    await org.call('POST', '/leads', { name: 'Contoso lead' })
    const key = await app.createKey(org.orgId, { scopes: ['leads:read'] })
    const found = (await key.call('GET', '/search?q=contoso')).json<Found>()
    expect(found.data.map((hit) => hit.entity)).toEqual(['leads'])
  })
})
