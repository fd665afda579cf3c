import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from './testing/start-server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server?.stop())

describe('the server', () => {
  it('signs up and serves records', async () => {
    const signUp = await server.inject({
      method: 'POST',
      url: '/api/v1/auth/signup',
      payload: { orgName: 'Acme', email: 'ann@acme.test', password: 'correct horse' },
    })
    console.log(signUp.statusCode, signUp.body, signUp.headers, server.log)
    expect(signUp.statusCode).toBe(201)
    const cookie = String(signUp.headers['set-cookie']).split(';')[0]!
    const created = await server.inject({
      method: 'POST',
      url: '/api/v1/leads',
      headers: { cookie },
      payload: { name: 'Lead one', email: 'A@B.test' },
    })
    console.log(created.statusCode, created.body, created.headers, server.log)
    expect(created.statusCode).toBe(201)
    const got = await server.inject({
      url: String(created.headers['location']),
      headers: { cookie },
    })
    console.log(got.statusCode, got.body)
    const list = await server.inject({
      url: '/api/v1/leads?filter=%7B%22status%22:%22new%22%7D&count=exact',
      headers: { cookie },
    })
    console.log(list.statusCode, list.body)
  })
})
