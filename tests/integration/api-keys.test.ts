import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app?.stop())

interface Created {
  readonly output: { readonly id: string; readonly key: string; readonly prefix: string }
}

const create = '/actions/platform.api-keys:create_key'
const revoke = '/actions/platform.api-keys:revoke_key'

describe('API keys', () => {
  it('shows a key once and lists it without its secret', async () => {
    const ann = await app.signUp()
    const made = await ann.call('POST', create, { input: { name: 'Website', role: 'editor' } })
    expect(made.statusCode, made.body).toBe(200)
    const { id, key, prefix } = made.json<Created>().output
    expect(key).toMatch(/^rk_local_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}$/)
    expect(key.startsWith(prefix)).toBe(true)
    const list = await ann.call('GET', '/api-keys')
    expect(list.json()).toMatchObject({
      data: [{ id, name: 'Website', prefix, role: 'platform.people:editor', revoked: false }],
    })
    expect(list.body).not.toContain(key)
    const headers = { authorization: `Bearer ${key}` }
    expect((await app.inject({ url: '/api/v1/leads', headers })).statusCode).toBe(200)
  })

  it('replays an idempotent creation without the secret', async () => {
    const ann = await app.signUp()
    const send = () =>
      ann.call('POST', create, { input: { name: 'Once' } }, { 'idempotency-key': 'k1' })
    const first = await send()
    const again = await send()
    expect(again.headers['idempotent-replayed']).toBe('true')
    const { key, id } = first.json<Created>().output
    expect(again.json<Created>().output.id).toBe(id)
    expect(again.body).not.toContain(key)
    expect((await ann.call('GET', '/api-keys')).json<{ data: [] }>().data).toHaveLength(1)
  })

  it('refuses a revoked key within a second and lets its record go only then', async () => {
    const ann = await app.signUp()
    const { id, key } = (await ann.call('POST', create, { input: { name: 'Old' } })).json<Created>()
      .output
    const use = () =>
      app.inject({ url: '/api/v1/leads', headers: { authorization: `Bearer ${key}` } })
    expect((await use()).statusCode).toBe(200)
    expect((await ann.call('DELETE', `/api-keys/${id}`)).statusCode).toBe(409)
    const revoked = await ann.call('POST', revoke, { input: { id } })
    expect(revoked.json()).toMatchObject({ output: { revoked: true } })
    expect((await use()).statusCode).toBe(401)
    expect((await ann.call('GET', `/api-keys/${id}`)).json()).toMatchObject({ revoked: true })
    expect((await ann.call('DELETE', `/api-keys/${id}`)).statusCode).toBe(204)
  })

  it('cannot be made as a plain record', async () => {
    const ann = await app.signUp()
    const answer = await ann.call('POST', '/api-keys', { name: 'Forged', keyId: 'aaaaaaaaaaaa' })
    expect(answer.statusCode).toBe(422)
    expect(answer.body).toContain('READ_ONLY')
  })

  it('are for those who manage keys', async () => {
    const editor = await app.createOrg({ role: 'editor' })
    const answer = await editor.call('POST', create, { input: { name: 'Mine' } })
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN'])
  })

  it('never carry more than the key that makes them', async () => {
    const org = await app.createOrg({
      scopes: ['keys:manage', 'actions:*', 'api-keys:write', 'api-keys:read', 'leads:read'],
    })
    const make = (input: object) => org.call('POST', create, { input: { name: 'New', ...input } })
    expect((await make({})).statusCode).toBe(403)
    expect((await make({ scopes: ['leads:write'] })).statusCode).toBe(403)
    expect((await make({ scopes: ['*:read'] })).statusCode).toBe(403)
    expect((await make({ scopes: ['leads:read'] })).statusCode).toBe(200)
  })

  it('carry no right over the organisation because their maker may write all records', async () => {
    const scopes = ['keys:manage', 'actions:*', '*:read', '*:write']
    const org = await app.createOrg({ scopes })
    const make = async (scope: string) =>
      (await org.call('POST', create, { input: { name: 'New', scopes: [scope] } })).statusCode
    for (const scope of ['settings:write', 'members:manage', 'studio:write', 'import'])
      expect(await make(scope), scope).toBe(403)
    expect(await make('leads:write')).toBe(200)
    expect(await make('keys:manage')).toBe(200)
  })

  it.each([['nonsense'], ['leads:delete'], ['nothing:read'], ['actions:crm.nothing:at_all']])(
    'refuse the scope %s, naming it',
    async (scope) => {
      const ann = await app.signUp()
      const answer = await ann.call('POST', create, { input: { name: 'X', scopes: [scope] } })
      expect(answer.statusCode).toBe(422)
      expect(answer.json()).toMatchObject({
        errors: [{ path: 'scopes[0]', code: 'UNKNOWN_OPTION' }],
      })
    },
  )
})
