import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { simpleParser } from 'mailparser'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

type Parsed = Awaited<ReturnType<typeof simpleParser>>

describe('mail without an SMTP server', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startApp()
  })
  afterAll(() => app?.stop())

  it('keeps an invitation where an admin reads it, and other organisations do not', async () => {
    const ann = await app.signUp({ orgName: 'Acme' })
    const other = await app.signUp()
    const invited = await ann.call('POST', '/invitations', { email: 'bob@example.test' })
    expect(invited.statusCode).toBe(201)
    const list = await ann.call('GET', '/mail/messages')
    expect(list.statusCode).toBe(200)
    const { data } = list.json<{ data: { id: string; to: string; subject: string }[] }>()
    expect(data).toMatchObject([{ to: 'bob@example.test', status: 'kept' }])
    const mail = await ann.call('GET', `/mail/messages/${data[0]!.id}`)
    expect(mail.json<{ text: string }>().text).toContain(invited.json<{ url: string }>().url)
    expect((await other.call('GET', '/mail/messages')).json()).toEqual({ data: [] })
    expect((await other.call('GET', `/mail/messages/${data[0]!.id}`)).statusCode).toBe(404)
    expect((await ann.call('GET', '/mail/messages/nonsense')).statusCode).toBe(404)
  })

  it('shows mails to nobody without the right to settings', async () => {
    const org = await app.createOrg({ role: 'editor' })
    const answer = await org.call('GET', '/mail/messages')
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN'])
  })
})

describe('mail with an SMTP server', () => {
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
  beforeAll(async () => {
    smtp.listen(0, '127.0.0.1', () => {})
    await once(smtp.server, 'listening')
    const { port } = smtp.server.address() as AddressInfo
    app = await startApp({ SMTP_URL: `smtp://127.0.0.1:${port}` })
  })
  afterAll(async () => {
    await app?.stop()
    await new Promise<void>((resolve) => smtp.close(resolve))
  })

  it('sends through a job and forgets the text, which held a link', async () => {
    const ann = await app.signUp({ orgName: 'Acme' })
    await ann.call('POST', '/invitations', { email: 'bob@example.test' })
    await expect.poll(() => received.length).toBe(1)
    expect(received[0]).toMatchObject({ to: { text: 'bob@example.test' } })
    expect(received[0]!.from?.text).toContain('Acme')
    expect(received[0]!.text).toContain('/accept')
    const stored = async () =>
      (await ann.call('GET', '/mail/messages')).json<{ data: object[] }>().data[0]
    await expect.poll(stored).toMatchObject({ status: 'sent', text: null })
  })
})
