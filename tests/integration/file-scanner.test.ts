import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { uploadFile } from '../setup/upload-file.ts'

/** With a plugin that offers a scanner, every file waits for it. */
let app: TestApp
let acme: Caller

beforeAll(async () => {
  app = await startApp({}, [path.resolve(import.meta.dirname, '../fixtures/scanner')])
  acme = await app.createOrg({ name: 'Acme' })
})
afterAll(() => app.stop())

async function uploaded(content: string): Promise<string> {
  return (await uploadFile(acme, 'a.txt', content)).json<{ id: string }>().id
}

it('gives a file out when the scanner has found nothing', async () => {
  const id = await uploaded('plain words')
  await expect
    .poll(async () => (await acme.call('GET', `/files/${id}/content`)).statusCode)
    .toBe(200)
  expect((await acme.call('GET', `/files/${id}/content`)).body).toBe('plain words')
})

it('never gives an infected file out', async () => {
  // Put together here, so that no scanner of a developer takes this file away.
  const id = await uploaded(
    `X5O!P%@AP[4\\PZX54(P^)7CC)7}$${'EICAR'}-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`,
  )
  await expect
    .poll(async () => (await acme.call('GET', `/files/${id}/content`)).json().detail)
    .toContain('virus was found')
  const answer = await acme.call('GET', `/files/${id}/content`)
  expect(answer.json()).toMatchObject({ status: 409, code: 'STATE_CONFLICT' })
})
