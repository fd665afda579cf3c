import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { simpleParser } from 'mailparser'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** The look of an organisation: set by its admin, on its sign-in page and its mails, and nobody else's. */
const png =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
type Parsed = Awaited<ReturnType<typeof simpleParser>> & {
  readonly attachments?: readonly { readonly contentType: string }[]
}
const received: Parsed[] = []
const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _session, done) {
    void simpleParser(stream).then((mail) => {
      received.push(mail)
      done()
    })
  },
})
let app: TestApp
let halden: Caller

const brandOf = async (query: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url: `/api/v1/branding${query}`, headers })
const set = (caller: Caller, brand: object) => caller.call('PATCH', '/settings/org', { brand })

beforeAll(async () => {
  smtp.listen(0, '127.0.0.1', () => {})
  await once(smtp.server, 'listening')
  const { port } = smtp.server.address() as AddressInfo
  app = await startApp({ SMTP_URL: `smtp://127.0.0.1:${port}` })
  halden = await app.createOrg({ name: 'Halden Marine', slug: 'halden' })
})
afterAll(async () => {
  await app?.stop()
  await new Promise<void>((done) => smtp.close(() => done()))
})

describe('a brand', () => {
  it('is refused with every problem of its parts, and nothing of it is kept', async () => {
    const bad = await set(halden, {
      color: 'red',
      colorDark: '#12345',
      logo: 'data:image/svg+xml;base64,AAAA',
      picture: 'https://elsewhere.test/a.png',
      scene: 'beach',
      headline: ' ',
      caption: 'Fine',
    })
    expect(bad.statusCode).toBe(422)
    const paths = bad.json<{ errors: { path: string }[] }>().errors.map(({ path }) => path)
    expect(paths.sort()).toEqual([
      'brand.color',
      'brand.colorDark',
      'brand.headline',
      'brand.logo',
      'brand.picture',
      'brand.scene',
    ])
    expect((await halden.call('GET', '/settings')).json().brand).toEqual({})
    expect((await set(halden, { font: 'Comic' })).statusCode).toBe(422)
  })

  it('takes a colour without contrast and says which shades it gives', async () => {
    const answer = await halden.call('GET', '/branding/shades?color=%23ffe600')
    const { light, dark } = answer.json()
    expect(light.given.ink).toBeLessThan(1.5)
    for (const { contrast } of [light, dark])
      expect(Math.min(contrast.ink, contrast.solid)).toBeGreaterThanOrEqual(4.5)
    for (const url of ['/branding/shades', '/branding/shades?color=yellow'])
      expect(Math.floor((await halden.call('GET', url)).statusCode / 100)).toBe(4)
    const rep = await app.createKey(halden.orgId, { role: 'platform.people:rep' })
    expect((await rep.call('GET', '/branding/shades?color=%23ffe600')).statusCode).toBe(403)
    expect((await set(rep, { color: '#ffe600' })).statusCode).toBe(403)
  })
})

describe('before somebody signs in', () => {
  it('an organisation without a brand looks like one that does not exist', async () => {
    await app.createOrg({ name: 'Quiet', slug: 'quiet' })
    const quiet = await brandOf('?org=quiet')
    const nobody = await brandOf('?org=nobody-here')
    expect([quiet.statusCode, quiet.body]).toEqual([nobody.statusCode, nobody.body])
    expect(quiet.body).toBe('{}')
    expect((await brandOf('')).body).toBe('{}')
  })

  it('shows what an organisation put on show, by its slug or its host', async () => {
    const brand = { color: '#12446b', headline: 'Every vessel', logo: png, favicon: png }
    await set(halden, { ...brand, mailFooter: 'Quay 1, Gothenburg' })
    const shown = (await brandOf('?org=halden')).json()
    expect(shown).toEqual({ ...brand, name: 'Halden Marine' })
    const client = new pg.Client({ connectionString: app.database.adminUrl })
    await client.connect()
    await client.query('insert into directory.host values ($1, $2)', [
      'crm.halden.test',
      halden.orgId,
    ])
    await client.end()
    expect((await brandOf('', { host: 'crm.halden.test' })).json()).toEqual(shown)
    expect((await brandOf('?org=quiet', { host: 'crm.halden.test' })).body).toBe('{}')
  })

  it("shows the reseller's brand, and the own over it", async () => {
    const made = await app.inject({
      method: 'POST',
      url: '/api/v1/orgs',
      headers: { authorization: 'Bearer operator-key-of-the-tests-0123456789' },
      payload: { email: 'a@fjord.test', orgName: 'Fjord', slug: 'fjord', reseller: 'halden' },
    })
    const fjord = await app.createKey(made.json().orgId)
    const inherited = (await brandOf('?org=fjord')).json()
    expect(inherited).toMatchObject({ color: '#12446b', logo: png })
    expect(inherited).not.toHaveProperty('name')
    await set(fjord, { name: 'Fjord', color: '#f5a524' })
    const own = (await brandOf('?org=fjord')).json()
    expect(own).toMatchObject({ name: 'Fjord', color: '#f5a524', logo: png })
    await set(fjord, { color: null })
    expect((await brandOf('?org=fjord')).json()).toMatchObject({ color: '#12446b' })
  })
})

describe('a mail of the platform', () => {
  it('has the look of its organisation, with the logo in it, and a text beside', async () => {
    await halden.call('POST', '/invitations', { email: 'bob@example.test' })
    await expect.poll(() => received.length).toBe(1)
    const [mail] = received
    expect(mail).toMatchObject({ subject: expect.stringContaining('invites you to Halden Marine') })
    expect(mail!.text).toMatch(/\/accept\?org=halden#token=\w+/)
    expect(mail!.html).toContain('background:#12446b')
    expect(mail!.html).toContain('Quay 1, Gothenburg')
    expect(mail!.html).not.toContain('token=</a>')
    expect(mail!.attachments).toMatchObject([{ contentType: 'image/png' }])
  })

  it('is in the language of whoever asked for it, in the words of the organisation', async () => {
    const ann = await app.signUp({ orgName: 'Ann' })
    received.length = 0
    await app.inject({
      method: 'POST',
      url: '/api/v1/auth/password/forgot',
      headers: { 'accept-language': 'de-CH,de;q=0.9' },
      payload: { email: ann.email },
    })
    await expect.poll(() => received.length).toBe(1)
    expect(received[0]).toMatchObject({ subject: 'Ein neues Passwort wählen' })
    expect(received[0]!.html).toContain('<html lang="de">')
    const path = ['locales', 'de', 'messages', 'kernel:mail.reset.subject']
    await ann.call('PATCH', '/studio/draft', {
      ops: [{ op: 'set', path, value: 'Neues Losungswort' }],
    })
    const { hash } = (await ann.call('POST', '/studio/plan')).json()
    await ann.call('POST', '/studio/publish', { hash, message: 'Mail' })
    await app.inject({
      method: 'POST',
      url: '/api/v1/auth/password/forgot',
      headers: { 'accept-language': 'de' },
      payload: { email: ann.email },
    })
    await expect.poll(() => received.length).toBe(2)
    expect(received[1]).toMatchObject({ subject: 'Neues Losungswort' })
  })
})

describe('what things are called', () => {
  it('is told in each language', async () => {
    const { languages, data } = (await halden.call('GET', '/branding/terms')).json()
    expect(languages).toEqual(['en', 'de'])
    expect(data).toContainEqual(
      expect.objectContaining({
        ref: 'crm.accounts:account',
        terms: {
          en: { one: 'Account', many: 'Accounts' },
          de: { one: 'Kunde', many: 'Kunden' },
        },
      }),
    )
  })
})
