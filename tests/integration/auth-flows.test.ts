import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'

let app: TestApp
let admin: pg.Client
beforeAll(async () => {
  app = await startApp()
  admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
})
afterAll(async () => {
  await admin?.end()
  await app?.stop()
})

const password = 'correct-horse-battery'
let count = 0
const newEmail = () => `person-${++count}@flows.test`
const post = (url: string, payload: object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: `/api/v1${url}`, headers, payload })
const cookieOf = (answer: { headers: Record<string, unknown> }) =>
  String(answer.headers['set-cookie']).split(';')[0]!
const code = (answer: { json<T>(): T }) => answer.json<{ code: string }>().code
const me = (cookie: string) => app.inject({ url: '/api/v1/auth/me', headers: { cookie } })

/** The link of the newest mail to an address, as the catcher kept it. */
async function linkTo(email: string, orgId: string): Promise<string> {
  let text: string | undefined
  await expect
    .poll(async () => {
      const { rows } = await admin.query(
        `select text from tenant.platform_mail_message
          where org_id = $1 and "to" = $2 order by at desc, id desc limit 1`,
        [orgId, email],
      )
      text = rows[0]?.text
      return text
    })
    .toBeDefined()
  return /https?:\S+/.exec(text!)![0]
}
/** How many the catcher kept, in whichever organisation. */
async function mailsTo(email: string): Promise<number> {
  const { rows } = await admin.query(
    `select count(*)::int as n from tenant.platform_mail_message where "to" = $1`,
    [email],
  )
  return rows[0].n
}
const tokenIn = (link: string) => /token=([\w-]{43})/.exec(link)![1]!

describe('signing up', () => {
  it('makes an organisation, its admin and a session in a cookie that scripts cannot read', async () => {
    const email = newEmail()
    const answer = await post('/auth/signup', { orgName: 'Ærø & Søn', email, password })
    expect(answer.statusCode).toBe(201)
    expect(Object.keys(answer.json())).toEqual(['orgId', 'userId'])
    expect(answer.headers['set-cookie']).toMatch(
      /^runway=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=7776000$/,
    )
    const who = await me(cookieOf(answer))
    expect(who.json()).toMatchObject({
      user: { email, roles: ['platform.people:admin'] },
      org: { slug: 'aero-son', name: 'Ærø & Søn' },
    })
  })

  it('adds an organisation for somebody who knows the password, and 409 for who does not', async () => {
    const email = newEmail()
    await post('/auth/signup', { orgName: 'First', email, password })
    const second = await post('/auth/signup', { orgName: 'Second', email, password })
    expect(second.statusCode).toBe(201)
    const { orgs } = (await me(cookieOf(second))).json<{ orgs: { name: string }[] }>()
    expect(orgs.map((org) => org.name).sort()).toEqual(['First', 'Second'])
    const wrong = await post('/auth/signup', { orgName: 'X', email, password: 'wrong-password' })
    expect([wrong.statusCode, code(wrong)]).toEqual([409, 'SIGN_IN_FIRST'])
  })

  it.each([
    [{ email: 'no-at-sign' }, 'email', 'BAD_FORMAT'],
    [{ password: 'short' }, 'password', 'OUT_OF_RANGE'],
    [{ password: 'x'.repeat(201) }, 'password', 'TOO_LONG'],
    [{ orgName: '  ' }, 'orgName', 'REQUIRED'],
    [{ role: 'admin' }, 'role', 'UNKNOWN_FIELD'],
  ])('refuses %j', async (wrong, path, issue) => {
    const answer = await post('/auth/signup', {
      orgName: 'Acme',
      email: newEmail(),
      password,
      ...wrong,
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'INVALID', errors: [{ path, code: issue }] })
  })

  it('is closed where the operator says so', async () => {
    const closed = await startApp({ RUNWAY_SIGNUP: 'off' })
    try {
      const payload = { orgName: 'X', email: newEmail(), password }
      const answer = await closed.inject({ method: 'POST', url: '/api/v1/auth/signup', payload })
      expect([answer.statusCode, code(answer)]).toEqual([403, 'FORBIDDEN'])
    } finally {
      await closed.stop()
    }
  })
})

describe('signing in', () => {
  it('answers a wrong email and a wrong password alike', async () => {
    const ann = await app.signUp()
    const strip = (body: string) => body.replace(/"requestId":"[^"]+"/, '')
    const wrongPassword = await post('/auth/login', {
      email: ann.email,
      password: 'wrong-password',
    })
    const wrongEmail = await post('/auth/login', { email: newEmail(), password: 'wrong-password' })
    expect(wrongPassword.statusCode).toBe(401)
    expect(strip(wrongEmail.body)).toBe(strip(wrongPassword.body))
  })

  it('takes the email in any case, and the organisation by slug or id', async () => {
    const ann = await app.signUp({ orgName: 'One' })
    const second = await post('/auth/signup', { orgName: 'Two of Ann', email: ann.email, password })
    const { orgId } = second.json<{ orgId: string }>()
    for (const org of ['two-of-ann', orgId]) {
      const email = ann.email.toUpperCase()
      const answer = await post('/auth/login', { email, password, org })
      expect(answer.json(), answer.body).toMatchObject({ orgId, orgs: [{}, {}] })
    }
    const foreign = await app.signUp({ orgName: 'Foreign' })
    const elsewhere = await post('/auth/login', { email: ann.email, password, org: foreign.orgId })
    expect([elsewhere.statusCode, code(elsewhere)]).toEqual([401, 'BAD_CREDENTIALS'])
  })

  it('goes on in another organisation under a new token, and the old one is dead', async () => {
    const ann = await app.signUp({ orgName: 'Here' })
    const there = await post('/auth/signup', { orgName: 'There', email: ann.email, password })
    const { orgId } = there.json<{ orgId: string }>()
    const moved = await ann.call('POST', '/auth/switch', { orgId })
    expect(moved.json()).toMatchObject({ orgId })
    expect((await me(cookieOf(moved))).json()).toMatchObject({ org: { name: 'There' } })
    expect((await me(ann.cookie)).statusCode).toBe(401)
    const stranger = await app.signUp()
    const refused = await stranger.call('POST', '/auth/switch', { orgId })
    expect(refused.statusCode).toBe(404)
  })

  it('keeps a deactivated or deleted member out at once, session and password alike', async () => {
    const ann = await app.signUp()
    const { url } = (
      await ann.call('POST', '/invitations', { email: newEmail(), roles: ['editor'] })
    ).json<{ url: string }>()
    const accepted = await post('/auth/accept', { token: tokenIn(url), name: 'Bob', password })
    const { userId } = accepted.json<{ userId: string }>()
    const bob = cookieOf(accepted)
    const email = (await me(bob)).json<{ user: { email: string } }>().user.email
    await ann.call('PATCH', `/users/${userId}`, { active: false })
    await expect.poll(async () => (await me(bob)).statusCode).toBe(401)
    expect((await post('/auth/login', { email, password })).statusCode).toBe(401)
    await ann.call('PATCH', `/users/${userId}`, { active: true })
    expect((await post('/auth/login', { email, password })).statusCode).toBe(200)
    await ann.call('DELETE', `/users/${userId}`)
    await expect.poll(async () => (await me(bob)).statusCode).toBe(401)
    expect((await post('/auth/login', { email, password })).statusCode).toBe(401)
  })
})

describe('passwords', () => {
  it('are reset by a mailed link that works once and ends every session', async () => {
    const ann = await app.signUp()
    const forgot = await post('/auth/password/forgot', { email: ann.email })
    expect([forgot.statusCode, forgot.body]).toEqual([202, ''])
    const token = tokenIn(await linkTo(ann.email, ann.orgId))
    const short = await post('/auth/password/reset', { token, password: 'short' })
    expect(short.statusCode).toBe(422)
    const fresh = 'another-horse-battery'
    expect((await post('/auth/password/reset', { token, password: fresh })).statusCode).toBe(204)
    expect((await me(ann.cookie)).statusCode).toBe(401)
    expect((await post('/auth/login', { email: ann.email, password })).statusCode).toBe(401)
    const again = await post('/auth/password/reset', { token, password: 'third-horse-battery' })
    expect(again.statusCode).toBe(401)
    const signedIn = await post('/auth/login', { email: ann.email, password: fresh })
    expect(signedIn.statusCode).toBe(200)
  })

  it('answers 202 for an email that nobody has', async () => {
    const answer = await post('/auth/password/forgot', { email: newEmail() })
    expect([answer.statusCode, answer.body]).toEqual([202, ''])
  })

  it('mails at most five links an hour to one account, from however many places', async () => {
    const ann = await app.signUp()
    const forgot = (at: number) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/auth/password/forgot',
        remoteAddress: `10.1.0.${at}`,
        payload: { email: at % 2 ? ann.email : ann.email.toUpperCase() },
      })
    const answers = await Promise.all(Array.from({ length: 12 }, (_, at) => forgot(at)))
    expect(answers.map(({ statusCode, body }) => [statusCode, body])).toEqual(
      Array(12).fill([202, '']),
    )
    await app.house.accounts.settled()
    expect(await mailsTo(ann.email)).toBe(5)
  })

  it('mails at most thirty links an hour for one network, and 202 is the answer all the same', async () => {
    const people = await Promise.all(Array.from({ length: 7 }, () => app.signUp()))
    const forgot = (email: string, remoteAddress: string) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/auth/password/forgot',
        remoteAddress,
        payload: { email },
      })
    for (const { email } of people) {
      for (let at = 0; at < 5; at++) {
        const answer = await forgot(email, `2001:db8:1:1::${at + 1}`)
        expect([answer.statusCode, answer.body]).toEqual([202, ''])
      }
      await app.house.accounts.settled()
    }
    const mails: number[] = []
    for (const { email } of people) mails.push(await mailsTo(email))
    expect(mails.reduce((sum, n) => sum + n)).toBe(30)
    // Somebody in another network is not held up by them.
    await forgot(people[6]!.email, '2001:db8:1:2::1')
    await app.house.accounts.settled()
    expect(await mailsTo(people[6]!.email)).toBe(mails[6]! + 1)
  })

  it('lets only the newest of several links count, and none after an hour', async () => {
    const ann = await app.signUp()
    await post('/auth/password/forgot', { email: ann.email })
    const first = tokenIn(await linkTo(ann.email, ann.orgId))
    await post('/auth/password/forgot', { email: ann.email })
    let second = first
    await expect
      .poll(async () => {
        second = tokenIn(await linkTo(ann.email, ann.orgId))
        return second === first
      })
      .toBe(false)
    const reset = (token: string) =>
      post('/auth/password/reset', { token, password: 'another-horse-battery' })
    expect((await reset(first)).statusCode).toBe(401)
    await admin.query(`update directory.token set expires_at = now() where email = $1`, [ann.email])
    expect((await reset(second)).statusCode).toBe(401)
  })

  it('are changed with the present one; the other sessions end and this one has a new token', async () => {
    const ann = await app.signUp()
    const other = cookieOf(await post('/auth/login', { email: ann.email, password }))
    const wrong = await ann.call('POST', '/auth/password', {
      current: 'wrong-password',
      password: 'another-horse-battery',
    })
    expect([wrong.statusCode, code(wrong)]).toEqual([401, 'BAD_CREDENTIALS'])
    const changed = await ann.call('POST', '/auth/password', {
      current: password,
      password: 'another-horse-battery',
    })
    expect(changed.statusCode).toBe(204)
    expect((await me(other)).statusCode).toBe(401)
    expect((await me(ann.cookie)).statusCode).toBe(401)
    expect((await me(cookieOf(changed))).statusCode).toBe(200)
  })
})

describe('sessions', () => {
  it('are listed and ended by their owner alone', async () => {
    const ann = await app.signUp()
    const other = cookieOf(await post('/auth/login', { email: ann.email, password }))
    const list = await ann.call('GET', '/auth/sessions')
    const { data } = list.json<{ data: { id: string; current: boolean }[] }>()
    expect(data.map((session) => session.current).sort()).toEqual([false, true])
    const { id } = data.find((session) => !session.current)!
    const stranger = await app.signUp()
    expect((await stranger.call('DELETE', `/auth/sessions/${id}`)).statusCode).toBe(404)
    expect((await ann.call('DELETE', `/auth/sessions/${id}`)).statusCode).toBe(204)
    expect((await me(other)).statusCode).toBe(401)
    const out = await ann.call('POST', '/auth/logout')
    expect(out.statusCode).toBe(204)
    expect(out.headers['set-cookie']).toMatch(/^runway=; .*Max-Age=0/)
    expect((await me(ann.cookie)).statusCode).toBe(401)
  })

  it('get a new token when the roles of their user change, and requests under way go on', async () => {
    const ann = await app.signUp()
    const invited = await ann.call('POST', '/invitations', {
      email: newEmail(),
      roles: ['viewer'],
    })
    const accepted = await post('/auth/accept', {
      token: tokenIn(invited.json<{ url: string }>().url),
      name: 'Bob',
      password,
    })
    const { userId } = accepted.json<{ userId: string }>()
    const before = cookieOf(accepted)
    expect((await me(before)).headers['set-cookie']).toBeUndefined()
    await ann.call('PATCH', `/users/${userId}`, { roles: ['platform.people:editor'] })
    let after = ''
    await expect
      .poll(async () => {
        const answer = await me(before)
        if (answer.headers['set-cookie']) after = cookieOf(answer)
        return after
      })
      .not.toBe('')
    expect(after).not.toBe(before)
    expect((await me(before)).statusCode).toBe(200)
    expect((await me(after)).json()).toMatchObject({ roles: ['platform.people:editor'] })
    await admin.query(`update directory.session set previous_until = now() where user_id = $1`, [
      userId,
    ])
    await expect.poll(async () => (await me(before)).statusCode).toBe(401)
    expect((await me(after)).statusCode).toBe(200)
  })
})

describe('invitations', () => {
  it('are mailed to nobody more than five times an hour, whoever invites them', async () => {
    const email = newEmail()
    for (let at = 0; at < 7; at++) {
      const ann = await app.signUp()
      const invited = await ann.call('POST', '/invitations', { email })
      expect(invited.statusCode).toBe(201)
      expect(tokenIn(invited.json<{ url: string }>().url)).toHaveLength(43)
    }
    await expect.poll(() => mailsTo(email)).toBe(5)
  })

  it('are at most 200 an hour of one organisation; then 429 says how long to wait', async () => {
    const ann = await app.signUp()
    await admin.query(
      `insert into directory.login_attempt (subject, address)
        select sha256(convert_to('invitations ' || $1, 'UTF8')), '' from generate_series(1, 200)`,
      [ann.orgId],
    )
    const email = newEmail()
    const refused = await ann.call('POST', '/invitations', { email })
    expect([refused.statusCode, code(refused)]).toEqual([429, 'RATE_LIMITED'])
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_000)
    expect(await mailsTo(email)).toBe(0)
    expect((await ann.call('GET', '/invitations')).json()).toEqual({ data: [] })
  })

  it('bring somebody new in with the roles they name, once', async () => {
    const ann = await app.signUp({ orgName: 'Acme' })
    const email = newEmail()
    const invited = await ann.call('POST', '/invitations', { email, roles: ['editor'] })
    expect(invited.json()).toMatchObject({ email, roles: ['platform.people:editor'] })
    expect((await ann.call('GET', '/invitations')).json()).toMatchObject({ data: [{ email }] })
    const token = tokenIn(await linkTo(email, ann.orgId))
    const accept = () => post('/auth/accept', { token, name: 'Bob Berg', password })
    const accepted = await accept()
    expect(accepted.statusCode).toBe(201)
    expect((await me(cookieOf(accepted))).json()).toMatchObject({
      user: { name: 'Bob Berg', email, roles: ['platform.people:editor'] },
      org: { id: ann.orgId },
    })
    expect((await accept()).statusCode).toBe(401)
    expect((await ann.call('GET', '/invitations')).json()).toEqual({ data: [] })
    const member = await ann.call('POST', '/invitations', { email })
    expect([member.statusCode, code(member)]).toEqual([409, 'STATE_CONFLICT'])
  })

  it('stay when their role is gone, and work once it is back', async () => {
    const ann = await app.signUp()
    const email = newEmail()
    const set = async (roles: string[]) => {
      const client = new pg.Client({ connectionString: app.database.adminUrl })
      await client.connect()
      const { rowCount } = await client.query(
        `update directory.token set data = jsonb_set(data, '{roles}', $1) where email = $2`,
        [JSON.stringify(roles), email],
      )
      await client.end()
      expect(rowCount).toBe(1)
    }
    const invited = await ann.call('POST', '/invitations', { email, roles: ['editor'] })
    const token = tokenIn(invited.json<{ url: string }>().url)
    const accept = () => post('/auth/accept', { token, name: 'Bob Berg', password })
    await set(['t:gone'])
    const refused = await accept()
    expect([refused.statusCode, code(refused)]).toEqual([422, 'INVALID'])
    expect((await ann.call('GET', '/invitations')).json().data).toHaveLength(1)
    await set(['platform.people:editor'])
    expect((await accept()).statusCode).toBe(201)
  })

  it('ask somebody known for their own password, and link nothing without it', async () => {
    const ann = await app.signUp()
    const bob = await app.signUp()
    const invited = await ann.call('POST', '/invitations', { email: bob.email })
    const token = tokenIn(invited.json<{ url: string }>().url)
    const guess = await post('/auth/accept', { token, name: 'Bob', password: 'chosen-by-ann-1' })
    expect([guess.statusCode, code(guess)]).toEqual([401, 'BAD_CREDENTIALS'])
    const accepted = await post('/auth/accept', { token, name: 'Bob', password })
    expect(accepted.json()).toMatchObject({ orgId: ann.orgId })
  })

  it('do not open a login that never had a password', async () => {
    const email = newEmail()
    await app.house.accounts.provision({ orgName: 'Victim', email })
    const ann = await app.signUp()
    const invited = await ann.call('POST', '/invitations', { email })
    const token = tokenIn(invited.json<{ url: string }>().url)
    const taken = await post('/auth/accept', { token, name: 'Ann', password: 'chosen-by-ann-1' })
    expect([taken.statusCode, code(taken)]).toEqual([409, 'SIGN_IN_FIRST'])
  })

  it('can be withdrawn, and name only roles that there are', async () => {
    const ann = await app.signUp()
    const invited = await ann.call('POST', '/invitations', { email: newEmail() })
    const { id, url } = invited.json<{ id: string; url: string }>()
    expect((await ann.call('DELETE', `/invitations/${id}`)).statusCode).toBe(204)
    const late = await post('/auth/accept', { token: tokenIn(url), name: 'Bob', password })
    expect(late.statusCode).toBe(401)
    const wrong = await ann.call('POST', '/invitations', { email: newEmail(), roles: ['king'] })
    expect(wrong.json()).toMatchObject({ errors: [{ path: 'roles[0]', code: 'UNKNOWN_OPTION' }] })
  })

  it('take the record of a person that the organisation kept without sign-in', async () => {
    const ann = await app.signUp()
    const email = newEmail()
    const record = await ann.call('POST', '/users', { name: 'Bob', email })
    const invited = await ann.call('POST', '/invitations', { email, roles: ['viewer'] })
    const token = tokenIn(invited.json<{ url: string }>().url)
    const accepted = await post('/auth/accept', { token, name: 'Bob', password })
    expect(accepted.json<{ userId: string }>().userId).toBe(record.json<{ id: string }>().id)
  })
})

describe('provisioning', () => {
  const operator = { authorization: 'Bearer operator-key-of-the-tests-0123456789' }

  it('makes an organisation whose admin comes in by a link that works once', async () => {
    const email = newEmail()
    const made = await post('/orgs', { email, orgName: 'Reseller', plan: 'pro' }, operator)
    expect(made.statusCode).toBe(201)
    const { orgId, userId, loginUrl } = made.json<Record<string, string>>()
    const path = new URL(loginUrl!).pathname + new URL(loginUrl!).search
    const opened = await app.inject({ url: path })
    expect([opened.statusCode, opened.headers['location']]).toEqual([303, '/'])
    expect((await me(cookieOf(opened))).json()).toMatchObject({
      user: { id: userId, email },
      org: { id: orgId, plan: 'pro' },
    })
    expect((await app.inject({ url: path })).statusCode).toBe(401)
    expect((await app.inject({ method: 'HEAD', url: path })).statusCode).toBe(405)
  })

  it('lets whoever came by the link choose a password, once without the present one', async () => {
    const email = newEmail()
    const made = await post('/orgs', { email, orgName: 'Linked' }, operator)
    const url = new URL(made.json<{ loginUrl: string }>().loginUrl)
    const cookie = cookieOf(await app.inject({ url: url.pathname + url.search }))
    const change = (headers: Record<string, string>, payload: object) =>
      post('/auth/password', payload, headers)
    const chosen = await change({ cookie }, { password })
    expect(chosen.statusCode).toBe(204)
    const next = { cookie: cookieOf(chosen) }
    expect((await change(next, { password: 'another-horse-battery' })).statusCode).toBe(401)
    expect((await post('/auth/login', { email, password })).statusCode).toBe(200)
  })

  it('gives a squatted email to the owner of the mailbox and takes the squatter’s password', async () => {
    const squatter = await app.signUp()
    const made = await post('/orgs', { email: squatter.email, orgName: 'Real' }, operator)
    const { orgId, loginUrl } = made.json<{ orgId: string; loginUrl: string }>()
    const early = await post('/auth/login', { email: squatter.email, password, org: orgId })
    expect(early.statusCode).toBe(401)
    const url = new URL(loginUrl)
    const opened = await app.inject({ url: url.pathname + url.search })
    expect(opened.statusCode).toBe(303)
    expect((await me(squatter.cookie)).statusCode).toBe(401)
    const late = await post('/auth/login', { email: squatter.email, password, org: orgId })
    expect(late.statusCode).toBe(401)
  })

  it('refuses a taken slug', async () => {
    const input = { email: newEmail(), orgName: 'Slugged', slug: 'slugged' }
    expect((await post('/orgs', input, operator)).statusCode).toBe(201)
    const again = await post('/orgs', { ...input, email: newEmail() }, operator)
    expect([again.statusCode, code(again)]).toEqual([409, 'UNIQUE_TAKEN'])
  })

  it('is the operator’s alone', async () => {
    const ann = await app.signUp()
    const input = { email: newEmail(), orgName: 'X' }
    expect((await post('/orgs', input)).statusCode).toBe(401)
    expect((await ann.call('POST', '/orgs', input)).statusCode).toBe(403)
    const wrong = { authorization: 'Bearer operator-key-of-the-tests-0123456780' }
    expect((await post('/orgs', input, wrong)).statusCode).toBe(401)
  })
})
