import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let admin: Caller
let rep: Caller

beforeAll(async () => {
  app = await startApp()
  admin = await app.createOrg({ name: 'Acme' })
  rep = await app.createKey(admin.orgId, { role: 'rep' })
})
afterAll(() => app.stop())

describe('the profile of an organisation', () => {
  it('is shown and changed, and counts at once', async () => {
    const before = (await admin.call('GET', '/settings')).json()
    expect(before).toMatchObject({ org: { name: 'Acme', currency: 'USD', timeZone: 'UTC' } })
    const change = { name: 'Acme Oslo', currency: 'NOK', country: 'NO', timeZone: 'Europe/Oslo' }
    const answer = await admin.call('PATCH', '/settings/org', change)
    expect(answer.json()).toMatchObject({ org: change })
    expect((await admin.call('GET', '/auth/me')).json().org).toMatchObject(change)
    const made = await admin.call('POST', '/opportunities', { name: 'A deal', value: '10' })
    expect(made.json().value).toEqual({ amount: '10.00', currency: 'NOK' })
  })

  it('tells everything that is wrong at once and changes nothing then', async () => {
    const answer = await admin.call('PATCH', '/settings/org', {
      name: ' ',
      currency: 'XXQ',
      country: 'no',
      timeZone: 'Mars/Olympus',
      locale: 'not a tag',
      brand: { color: 'red', logo: 'data:image/svg+xml;base64,AAAA' },
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors.map(({ path }: { path: string }) => path)).toEqual([
      'name',
      'currency',
      'country',
      'timeZone',
      'locale',
      'brand.color',
      'brand.logo',
    ])
    expect((await admin.call('GET', '/settings')).json().org.name).toBe('Acme Oslo')
    expect((await admin.call('PATCH', '/settings/org', { plan: 'gold' })).statusCode).toBe(422)
  })

  it('belongs to those who may change settings', async () => {
    expect((await rep.call('GET', '/settings')).statusCode).toBe(403)
    expect((await rep.call('PATCH', '/settings/org', { name: 'Mine' })).statusCode).toBe(403)
    expect((await rep.call('GET', '/plugins')).statusCode).toBe(403)
  })
})

describe('settings of plugins', () => {
  interface Group {
    readonly ref: string
    readonly values: Readonly<Record<string, unknown>>
    readonly schema: { readonly properties: Readonly<Record<string, { type?: string }>> }
  }
  const groups = async () =>
    (await admin.call('GET', '/settings')).json<{ groups: Group[] }>().groups

  it('have their defaults, take values, and go back with null', async () => {
    for (const { ref, values, schema } of await groups()) {
      const name = Object.keys(values).find((key) =>
        ['integer', 'number'].includes(schema.properties[key]?.type ?? ''),
      )
      if (name === undefined) continue
      const was = values[name] as number
      const set = await admin.call('PATCH', `/settings/${ref}`, { [name]: was + 1 })
      expect(set.json(), ref).toMatchObject({ values: { [name]: was + 1 } })
      const back = await admin.call('PATCH', `/settings/${ref}`, { [name]: null })
      expect(back.json(), ref).toMatchObject({ values: { [name]: was } })
    }
    expect((await groups()).length).toBeGreaterThan(0)
  })

  it('refuse what their schema refuses, by name', async () => {
    const { ref } = (await groups())[0]!
    const answer = await admin.call('PATCH', `/settings/${ref}`, { noSuch: 1 })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().errors).toMatchObject([{ path: 'noSuch', code: 'UNKNOWN_FIELD' }])
    expect((await admin.call('PATCH', '/settings/crm.leads:none', {})).statusCode).toBe(404)
  })
})

describe('plugins of an organisation', () => {
  it('are disabled and enabled again, with their records unharmed', async () => {
    const made = await admin.call('POST', '/campaigns', { name: 'Spring' })
    const off = await admin.call('PATCH', '/plugins/crm.campaigns', { state: 'disabled' })
    expect(off.statusCode).toBe(200)
    await expect.poll(async () => (await admin.call('GET', '/campaigns')).statusCode).toBe(404)
    expect(
      (await admin.call('PATCH', '/plugins/crm.campaigns', { state: 'enabled' })).statusCode,
    ).toBe(200)
    await expect
      .poll(async () => (await admin.call('GET', `/campaigns/${made.json().id}`)).statusCode)
      .toBe(200)
  })

  it('say what cannot be', async () => {
    const twice = await admin.call('PATCH', '/plugins/crm.campaigns', { state: 'enabled' })
    expect(twice.statusCode).toBe(409)
    expect((await admin.call('PATCH', '/plugins/none', { state: 'disabled' })).statusCode).toBe(404)
    const odd = await admin.call('PATCH', '/plugins/crm.leads', { state: 'purged' })
    expect(odd.statusCode).toBe(422)
  })
})
