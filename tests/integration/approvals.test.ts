import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import type { Json } from '../setup/workflows.ts'

type Person = Caller & { readonly userId: string }

let app: TestApp
let key: Caller
let boss: Person
let anna: Person
let bank: Server
let bankUrl: string
const received: { readonly key: string | undefined }[] = []
/** What a chat was told to ask. */
const chat: Json[] = []

beforeAll(async () => {
  bank = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      if (request.url === '/chat') chat.push(JSON.parse(body))
      else received.push({ key: request.headers['idempotency-key'] as string | undefined })
      response.end('{}')
    })
  })
  await new Promise<void>((resolve) => bank.listen(0, '127.0.0.1', resolve))
  bankUrl = `http://127.0.0.1:${(bank.address() as AddressInfo).port}`
  app = await startApp({ STRIPE_BASE_URL: bankUrl }, [
    path.resolve(import.meta.dirname, '../fixtures/held'),
  ])
  key = await app.createOrg({ name: 'Acme' })
  boss = await joinOrg(app, key, 'platform.people:admin', 'Edda Falk')
  anna = await joinOrg(app, key, 'platform.people:editor', 'Anna Berg')
})
afterAll(async () => {
  await app?.stop()
  bank?.close()
})

const ok = async (answer: ReturnType<Caller['call']>): Promise<Json> => {
  const { statusCode, body } = await answer
  if (statusCode >= 300) throw new Error(`${statusCode}: ${body}`)
  return body === '' ? null : JSON.parse(body)
}
const refused = async (answer: ReturnType<Caller['call']>): Promise<Json> => {
  const { statusCode, body } = await answer
  expect(statusCode, body).toBeGreaterThanOrEqual(400)
  return JSON.parse(body)
}
const deal = (amount = 1000): Promise<Json> =>
  ok(anna.call('POST', '/opportunities', { name: 'Harbour', value: amount }))
const worth = async (id: string): Promise<string> =>
  (await ok(anna.call('GET', `/opportunities/${id}`))).value.amount
const run = (who: Caller, action: string, input: object) =>
  who.call('POST', `/actions/test.held:${action}`, { input })
const approval = (id: string, who: Caller = boss): Promise<Json> =>
  ok(who.call('GET', `/approvals/${id}`))
const decide = (who: Caller, id: string, body: object) =>
  who.call('POST', `/approvals/${id}/decide`, body)

/** Anna asks for a discount on a deal of her own. */
async function asked(
  amount = 100,
  who: Caller = anna,
): Promise<{ id: string; dealId: string; hash: string }> {
  const { id: dealId } = await deal()
  const answer = await run(who, 'discount', { id: dealId, amount })
  expect(answer.statusCode, answer.body).toBe(202)
  const id = answer.json<{ approvalId: string }>().approvalId
  return { id, dealId, hash: (await approval(id)).hash }
}

/** As if the time in which somebody should have decided were over. */
async function isDue(id: string): Promise<void> {
  const admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  const { rowCount } = await admin.query(
    `update directory.ready_job r set due = now() from tenant.job j
      where j.org_id = r.org_id and j.id = r.id and j.plugin = 'platform.approvals'
        and j.job = 'due' and j.payload ->> 'approval' = $1`,
    [id],
  )
  await admin.end()
  expect(rowCount).toBe(1)
}

async function settings(change: object): Promise<void> {
  await ok(key.call('PATCH', '/settings/platform.approvals:rules', change))
}

describe('an action that needs a yes', () => {
  it('waits, says until when, and shows what it is about', async () => {
    const { id: dealId } = await deal(1000)
    const answer = await run(anna, 'discount', { id: dealId, amount: 100 })
    expect(answer.statusCode).toBe(202)
    const { approvalId, expiresAt } = answer.json<{ approvalId: string; expiresAt: string }>()
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now())
    const record = await approval(approvalId)
    expect(record).toMatchObject({
      title: 'Give a discount: Harbour',
      status: 'pending',
      role: 'platform.people:admin',
      assigneeId: null,
      action: 'test.held:discount',
      input: { id: dealId, amount: 100, note: 'none' },
      about: { entity: 'opportunities', id: dealId },
      askedById: anna.userId,
      askedByName: 'Anna Berg',
      amount: { amount: '100.00', currency: 'USD' },
      expiresAt,
    })
    expect(record.shown[0]).toMatchObject({
      entity: 'crm.opportunities:opportunity',
      id: dealId,
      title: 'Harbour',
      fields: { name: 'Harbour', value: { amount: '1000.00', currency: 'USD' } },
    })
    expect(await worth(dealId)).toBe('1000.00')
    // Asked for twice, it waits once.
    const again = await run(anna, 'discount', { amount: 100, id: dealId })
    expect(again.json()).toEqual({ approvalId, expiresAt })
  })

  it('is done once it is approved, as whoever asked', async () => {
    const { id, dealId, hash } = await asked()
    const decided = await ok(decide(boss, id, { decision: 'approved', hash, comment: 'Fine.' }))
    expect(decided).toMatchObject({
      state: 'approved',
      output: { value: { amount: '900.00' }, by: { type: 'user', id: anna.userId } },
    })
    expect(await worth(dealId)).toBe('900.00')
    expect(await approval(id)).toMatchObject({
      status: 'approved',
      outcome: 'done',
      decidedById: boss.userId,
      comment: 'Fine.',
    })
    const history = await ok(anna.call('GET', `/opportunities/${dealId}/history`))
    expect(history.data[0].actor).toMatchObject({ type: 'user', id: anna.userId })
    // The yes was for one deed: the next one is asked for anew.
    expect((await run(anna, 'discount', { id: dealId, amount: 100 })).statusCode).toBe(202)
    expect(await worth(dealId)).toBe('900.00')
  })

  it('is not done when it is rejected', async () => {
    const { id, dealId, hash } = await asked()
    const decided = await ok(decide(boss, id, { decision: 'rejected', hash, comment: 'No.' }))
    expect(decided).toEqual({ state: 'rejected' })
    expect(await worth(dealId)).toBe('1000.00')
    const late = await refused(decide(boss, id, { decision: 'approved', hash }))
    expect(late).toMatchObject({ status: 409, code: 'APPROVAL_STALE' })
    expect(await worth(dealId)).toBe('1000.00')
  })

  it('tells what went wrong when it is approved and cannot be done', async () => {
    const { id, dealId, hash } = await asked(5000)
    const decided = await ok(decide(boss, id, { decision: 'approved', hash }))
    expect(decided).toMatchObject({ state: 'approved', problem: { code: 'STATE_CONFLICT' } })
    expect(decided.output).toBeUndefined()
    expect(await approval(id)).toMatchObject({
      outcome: 'failed',
      problem: 'The discount is more than the value.',
    })
    expect(await worth(dealId)).toBe('1000.00')
  })

  it('that reaches another system has one key, and reaches it once', async () => {
    const before = received.length
    const answer = await run(anna, 'refund', { url: `${bankUrl}/refunds` })
    const id = answer.json<{ approvalId: string }>().approvalId
    expect(received.length).toBe(before)
    const { hash } = await approval(id)
    const decided = await ok(decide(boss, id, { decision: 'approved', hash }))
    expect(decided.output).toMatchObject({ status: 200 })
    expect(received.slice(before)).toEqual([{ key: `approval:${id}` }])
  })
})

describe('a decision', () => {
  it('is refused when a value that was shown has changed, and says which', async () => {
    const { id, dealId, hash } = await asked()
    await ok(anna.call('PATCH', `/opportunities/${dealId}`, { value: 400 }))
    for (const decision of ['approved', 'rejected']) {
      expect(await refused(decide(boss, id, { decision, hash }))).toMatchObject({
        status: 409,
        code: 'APPROVAL_STALE',
        conflicts: [
          {
            entity: 'opportunities',
            id: dealId,
            field: 'value',
            then: { amount: '1000.00', currency: 'USD' },
            now: { amount: '400.00', currency: 'USD' },
          },
        ],
      })
    }
    const state = await ok(boss.call('GET', `/approvals/${id}/state`))
    expect(state).toMatchObject({ mayDecide: true, conflicts: [{ field: 'value' }] })
    expect(await worth(dealId)).toBe('400.00')
    // Whoever looks at the present values decides on those, with another mark.
    const { output } = await ok(
      boss.call('POST', '/actions/platform.approvals:renew', { input: { id } }),
    )
    expect(output.hash).not.toBe(hash)
    expect((await refused(decide(boss, id, { decision: 'approved', hash }))).code).toBe(
      'APPROVAL_STALE',
    )
    await ok(decide(boss, id, { decision: 'approved', hash: output.hash }))
    expect(await worth(dealId)).toBe('300.00')
  })

  it('is refused when the record is gone', async () => {
    const { id, dealId, hash } = await asked()
    await ok(anna.call('DELETE', `/opportunities/${dealId}`))
    const answer = await refused(decide(boss, id, { decision: 'approved', hash }))
    expect(answer).toMatchObject({
      code: 'APPROVAL_STALE',
      conflicts: [{ field: 'id', now: null }],
    })
  })

  it('is refused for another mark', async () => {
    const [one, other] = [await asked(), await asked()]
    const answer = await refused(decide(boss, one.id, { decision: 'approved', hash: other.hash }))
    expect(answer).toMatchObject({ status: 409, code: 'APPROVAL_STALE' })
    expect(await worth(one.dealId)).toBe('1000.00')
  })

  it('is refused when the time is over, and what waits ends as expired', async () => {
    await settings({ expiresHours: 0.001, dueHours: 0.001 })
    const { id, dealId, hash } = await asked()
    await settings({ expiresHours: 168, dueHours: 24 })
    await expect.poll(async () => (await approval(id)).status).toBe('expired')
    const late = await refused(decide(boss, id, { decision: 'approved', hash }))
    expect(late.code).toBe('APPROVAL_STALE')
    expect(await worth(dealId)).toBe('1000.00')
  })

  it('is taken from one of two who decide at once', async () => {
    const other = await joinOrg(app, key, 'platform.people:admin', 'Olaf')
    for (let round = 0; round < 5; round++) {
      const { id, dealId, hash } = await asked()
      const answers = await Promise.all([
        decide(boss, id, { decision: 'approved', hash }),
        decide(other, id, { decision: 'rejected', hash }),
        decide(boss, id, { decision: 'approved', hash }),
        decide(other, id, { decision: 'approved', hash }),
      ])
      const codes = answers.map(({ statusCode }) => statusCode).sort()
      expect(codes).toEqual([200, 409, 409, 409])
      const { state } = answers.find(({ statusCode }) => statusCode === 200)!.json<Json>()
      expect((await approval(id)).status).toBe(state)
      expect(await worth(dealId)).toBe(state === 'approved' ? '900.00' : '1000.00')
    }
  })

  it('is nobody’s for themselves, up to a limit', async () => {
    const { id, hash } = await asked(100, boss)
    expect(await ok(boss.call('GET', `/approvals/${id}/state`))).toMatchObject({
      mayDecide: false,
      reason: 'own',
    })
    const own = await refused(decide(boss, id, { decision: 'approved', hash }))
    expect(own).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const to = { id, to: anna.userId }
    const handed = boss.call('POST', '/actions/platform.approvals:delegate', { input: to })
    expect((await refused(handed)).status).toBe(403)
    await settings({ selfApprovalUpTo: 200 })
    await ok(decide(boss, id, { decision: 'approved', hash }))
    const more = await asked(201, boss)
    const above = await refused(decide(boss, more.id, { decision: 'approved', hash: more.hash }))
    expect(above.status).toBe(403)
    // What has no amount is above every limit.
    const refund = await run(boss, 'refund', { url: `${bankUrl}/refunds` })
    const { approvalId } = refund.json<{ approvalId: string }>()
    const unknown = await approval(approvalId)
    expect(
      (await refused(decide(boss, approvalId, { decision: 'approved', hash: unknown.hash })))
        .status,
    ).toBe(403)
    await settings({ selfApprovalUpTo: 0 })
  })

  it('is not made with a key, nor for whom the key was made', async () => {
    const { id, hash } = await asked()
    const answer = await refused(decide(key, id, { decision: 'approved', hash }))
    expect(answer).toMatchObject({ status: 403, code: 'FORBIDDEN' })
    const { output } = await ok(
      boss.call('POST', '/actions/platform.api-keys:create_key', { input: { name: 'Mine' } }),
    )
    const mine: Caller = {
      ...boss,
      call: (method, url, body) =>
        app.inject({
          method: method as 'GET',
          url: `/api/v1${url}`,
          headers: { authorization: `Bearer ${output.key}` },
          ...(body === undefined ? {} : { payload: body as object }),
        }),
    }
    const theirs = await asked(100, mine)
    const own = await refused(decide(boss, theirs.id, { decision: 'approved', hash: theirs.hash }))
    expect(own).toMatchObject({ status: 403 })
  })

  it('leaves it undone when whoever asked may not do it any more', async () => {
    const leaver = await joinOrg(app, key, 'platform.people:editor', 'Lea')
    const { id, dealId, hash } = await asked(100, leaver)
    await ok(key.call('PATCH', `/users/${leaver.userId}`, { roles: ['platform.people:viewer'] }))
    const decided = await ok(decide(boss, id, { decision: 'approved', hash }))
    expect(decided).toMatchObject({ state: 'approved', problem: { code: 'FORBIDDEN' } })
    const gone = await joinOrg(app, key, 'platform.people:editor', 'Gus')
    const second = await asked(100, gone)
    await ok(key.call('PATCH', `/users/${gone.userId}`, { active: false }))
    const late = await ok(decide(boss, second.id, { decision: 'approved', hash: second.hash }))
    expect(late).toMatchObject({ state: 'approved', problem: { code: 'NOT_FOUND' } })
    expect([await worth(dealId), await worth(second.dealId)]).toEqual(['1000.00', '1000.00'])
  })

  it('is not taken back by taking back the change that shows it', async () => {
    const { id, dealId, hash } = await asked()
    await ok(decide(boss, id, { decision: 'rejected', hash }))
    const { data } = await ok(boss.call('GET', `/approvals/${id}/history`))
    await boss.call('POST', `/changes/${data[0].changeId}/revert`, {})
    await refused(decide(boss, id, { decision: 'approved', hash }))
    expect(await worth(dealId)).toBe('1000.00')
  })
})

describe('what waits', () => {
  it('is seen by whom it waits for, by who asked and by admins', async () => {
    const other = await joinOrg(app, key, 'platform.people:editor', 'Otto')
    const viewer = await joinOrg(app, key, 'platform.people:viewer', 'Vera')
    const { id, hash } = await asked()
    for (const who of [boss, anna, key]) expect((await approval(id, who)).id).toBe(id)
    for (const who of [other, viewer]) {
      expect((await who.call('GET', `/approvals/${id}`)).statusCode).toBe(404)
      expect((await who.call('GET', `/approvals/${id}/state`)).statusCode).toBe(404)
      const answer = await refused(decide(who, id, { decision: 'approved', hash }))
      expect(answer).toMatchObject({ status: 404, code: 'NOT_FOUND' })
      const { data } = await ok(who.call('GET', '/approvals'))
      expect(data.filter((one: Json) => one.id === id)).toEqual([])
    }
    // Who asked reads it and decides nothing.
    const own = await refused(decide(anna, id, { decision: 'approved', hash }))
    expect(own.status).toBe(403)
    const waiting = await ok(boss.call('GET', '/approvals/waiting'))
    expect(waiting.data.some((one: Json) => one.id === id)).toBe(true)
    expect((await ok(anna.call('GET', '/approvals/waiting'))).data).toEqual([])
  })

  it('is another organisation’s business nowhere else', async () => {
    const { id, hash } = await asked()
    const stranger = await app.signUp()
    const missing = await stranger.call(
      'GET',
      '/approvals/0198c9a4-0000-7000-8000-000000000000/state',
    )
    for (const answer of [
      await stranger.call('GET', `/approvals/${id}`),
      await stranger.call('GET', `/approvals/${id}/state`),
      await decide(stranger, id, { decision: 'approved', hash }),
      await stranger.call('POST', `/approvals/${id}/submit`, { answers: {}, hash }),
    ]) {
      expect(answer.statusCode).toBe(404)
      expect({ ...answer.json(), requestId: '' }).toEqual({ ...missing.json(), requestId: '' })
    }
  })

  it('is written by nobody', async () => {
    const { id } = await asked()
    for (const who of [boss, key]) {
      expect((await who.call('PATCH', `/approvals/${id}`, { status: 'approved' })).statusCode).toBe(
        403,
      )
      expect((await who.call('DELETE', `/approvals/${id}`)).statusCode).toBe(403)
      expect((await who.call('POST', '/approvals', { title: 'Mine' })).statusCode).toBe(403)
    }
  })

  it('stands on the timeline of the record it is about', async () => {
    const { dealId, id } = await asked()
    const { data } = await ok(boss.call('GET', `/opportunities/${dealId}/timeline?types=approval`))
    expect(data).toMatchObject([{ kind: 'approval', record: { entity: 'approvals', id } }])
  })

  it('is handed on by whom it waits for, with no more than the other may read', async () => {
    const other = await joinOrg(app, key, 'platform.people:editor', 'Ole')
    const { id, hash } = await asked()
    const hand = (who: Caller, to: string) =>
      who.call('POST', '/actions/platform.approvals:delegate', { input: { id, to } })
    expect((await refused(hand(anna, other.userId))).status).toBe(403)
    await ok(hand(boss, other.userId))
    expect(await approval(id, other)).toMatchObject({ assigneeId: other.userId, role: null })
    expect((await refused(decide(boss, id, { decision: 'approved', hash }))).status).toBe(403)
    // Handed to who asked, it is still not theirs to decide.
    await ok(hand(other, anna.userId))
    // Who gave it to whom stays to be read.
    const { data: history } = await ok(key.call('GET', `/approvals/${id}/history`))
    expect(
      history
        .slice(0, 2)
        .map(({ fields }: Json) => [fields.handedOnById?.to, fields.assigneeId?.to]),
    ).toEqual([
      [other.userId, anna.userId],
      [boss.userId, other.userId],
    ])
    const own = await approval(id, anna)
    const answer = await refused(decide(anna, id, { decision: 'approved', hash: own.hash }))
    expect(answer.status).toBe(403)
  })

  it('goes to somebody higher when nobody decides in time', async () => {
    const lead = await joinOrg(app, key, 'platform.people:editor', 'Lena')
    await ok(key.call('PATCH', `/users/${anna.userId}`, { managerId: lead.userId }))
    await ok(key.call('PATCH', `/users/${lead.userId}`, { managerId: boss.userId }))
    // Whoever is asked first is not theirs to choose.
    const own = await anna.call('PATCH', `/users/${anna.userId}`, { managerId: boss.userId })
    expect([own.statusCode, own.json().code]).toEqual([403, 'FIELD_NOT_WRITABLE'])
    await settings({ toManager: true, dueHours: 0.001 })
    const { id } = await asked()
    await settings({ toManager: false, dueHours: 24 })
    await expect
      .poll(async () => approval(id))
      .toMatchObject({ assigneeId: boss.userId, escalated: true, status: 'pending' })
    const { hash } = await approval(id)
    await ok(decide(boss, id, { decision: 'approved', hash }))
  })

  it('is told in the app and over the live connection', async () => {
    const { id } = await asked()
    await expect
      .poll(async () => {
        const { data } = await ok(boss.call('GET', '/notifications?limit=200'))
        return data.filter((one: Json) => one.record?.id === id)
      })
      .toMatchObject([
        { kind: 'approval', byId: anna.userId, entityRef: 'platform.approvals:approval' },
      ])
    const { data } = await ok(anna.call('GET', '/notifications?limit=200'))
    expect(data.filter((one: Json) => one.record?.id === id)).toEqual([])
  })
})

describe('somebody who is away', () => {
  const day = 86_400_000
  const at = (days: number) => new Date(Date.now() + days * day).toISOString()
  const absence = (who: Caller, input: object) =>
    who.call('POST', '/actions/platform.approvals:set_absence', { input })
  const back = (who: Caller, input: object = {}) =>
    ok(who.call('POST', '/actions/platform.approvals:end_absence', { input }))
  const times = { from: at(-1), until: at(7) }
  const joined = (name: string, role = 'platform.people:editor') => joinOrg(app, key, role, name)

  it('has somebody who decides for them, when it is asked and when it is due', async () => {
    const [chief, bob, cleo] = [await joined('Chief'), await joined('Bob'), await joined('Cleo')]
    await ok(key.call('PATCH', `/users/${anna.userId}`, { managerId: chief.userId }))
    await settings({ toManager: true })
    await ok(absence(chief, { ...times, deputyId: bob.userId }))
    const { id, hash } = await asked()
    expect(await approval(id)).toMatchObject({
      ...{ assigneeId: bob.userId, standsInForId: chief.userId },
    })
    await ok(decide(bob, id, { decision: 'approved', hash }))
    // Who stands in may be away as well; in a circle nobody is there.
    await ok(absence(bob, { ...times, deputyId: cleo.userId }))
    expect((await approval((await asked(101)).id)).assigneeId).toBe(cleo.userId)
    await ok(absence(cleo, { ...times, deputyId: chief.userId }))
    expect((await approval((await asked(102)).id)).assigneeId).toBe(chief.userId)
    // Nobody decides for others what they asked for themselves.
    await ok(absence(chief, { ...times, deputyId: anna.userId }))
    expect((await approval((await asked(103)).id)).assigneeId).toBe(chief.userId)
    await back(bob)
    await ok(absence(chief, { from: at(2), until: at(7), deputyId: bob.userId }))
    const early = await asked(104)
    expect(await approval(early.id)).toMatchObject({
      ...{ assigneeId: chief.userId, standsInForId: null },
    })
    // Gone away with something on the desk.
    await back(chief)
    const left = await asked(105)
    await ok(absence(chief, { ...times, deputyId: bob.userId }))
    await isDue(left.id)
    await expect
      .poll(() => approval(left.id))
      .toMatchObject({ assigneeId: bob.userId, standsInForId: chief.userId, escalated: true })
    await settings({ toManager: false })
  })

  it('of whom it is asked by their role, is stood in for when nobody else has it', async () => {
    const role = 'crm.recipes:executive'
    const [only, bob] = [await joined('Only'), await joined('Bo')]
    const roles = ['platform.people:editor', role]
    await ok(key.call('PATCH', `/users/${only.userId}`, { roles }))
    await settings({ role })
    await ok(absence(only, { ...times, deputyId: bob.userId }))
    expect(await approval((await asked(201)).id)).toMatchObject({
      ...{ assigneeId: bob.userId, role: null, standsInForId: only.userId },
    })
    await joined('Another', role)
    expect((await approval((await asked(202)).id)).role).toBe(role)
    await settings({ role: 'platform.people:admin' })
  })

  it('says so themselves, or an admin does, and it is seen by those whom it concerns', async () => {
    const [bob, carl] = [await joined('Bob'), await joined('Carl')]
    const told = { ...times, deputyId: bob.userId }
    expect((await refused(absence(bob, { ...told, userId: boss.userId }))).status).toBe(403)
    expect((await refused(absence(key, told))).status).toBe(403)
    for (const [wrong, path] of [
      [{ ...times, deputyId: anna.userId }, 'input.deputyId'],
      [{ ...told, until: at(-2) }, 'input.until'],
      [{ ...told, from: at(9) }, 'input.until'],
      [{ ...times, deputyId: key.orgId }, 'input.deputyId'],
    ] as const) {
      expect((await refused(absence(anna, wrong))).errors).toMatchObject([{ path }])
    }
    const atOnce = [1, 2, 3, 4].map(() => absence(bob, { ...told, deputyId: anna.userId }))
    for (const answer of await Promise.all(atOnce)) expect(answer.statusCode).toBe(200)
    const filter = encodeURIComponent(JSON.stringify({ memberId: bob.userId }))
    const ofBob = async () => (await ok(key.call('GET', `/absences?filter=${filter}`))).data
    expect(await ofBob()).toHaveLength(1)
    await ok(bob.call('POST', '/actions/platform.approvals:end_absence', { input: {} }))
    expect(await ofBob()).toEqual([])
    const { output } = await ok(absence(key, { ...told, userId: anna.userId }))
    await ok(absence(anna, { ...told, until: at(8) }))
    const seen = async (who: Caller) =>
      (await ok(who.call('GET', '/absences'))).data.filter(
        ({ memberId }: Json) => memberId === anna.userId,
      )
    for (const who of [anna, bob, boss]) {
      expect(await seen(who)).toMatchObject([
        { id: output.absenceId, deputyId: bob.userId, saidById: anna.userId },
      ])
    }
    expect(await seen(carl)).toEqual([])
    for (const who of [boss, anna]) {
      const url = `/absences/${output.absenceId}`
      expect((await who.call('PATCH', url, { deputyId: carl.userId })).statusCode).toBe(403)
      expect((await who.call('DELETE', url)).statusCode).toBe(403)
    }
    expect((await back(anna)).output).toEqual({ ended: true })
    expect((await back(anna)).output).toEqual({ ended: false })
  })
})

describe('a mailed decision', () => {
  async function linksOf(id: string): Promise<Record<'approve' | 'reject', string>> {
    const { email } = await ok(key.call('GET', `/users/${boss.userId}`))
    const find = async (): Promise<Json> => {
      const { data } = await ok(key.call('GET', '/mail/messages'))
      for (const mail of data.filter((one: Json) => one.to === email)) {
        const whole = await ok(key.call('GET', `/mail/messages/${mail.id}`))
        if (whole.text?.includes(id)) return whole
      }
      return null
    }
    await expect.poll(async () => (await find()) !== null).toBe(true)
    const { text, subject } = await find()
    expect(subject).toContain('Give a discount')
    const urls = [...text.matchAll(/\/api\/v1\/approvals\/decide\/\S+/g)].map(
      ([url]: string[]) => url!,
    )
    return { approve: urls[0]!, reject: urls[1]! }
  }
  const open = (url: string, method: 'GET' | 'POST' = 'GET') => app.inject({ method, url })

  it('shows what it is about, decides with the button, and once', async () => {
    const { id, dealId } = await asked()
    const { approve, reject } = await linksOf(id)
    const page = await open(approve)
    expect(page.statusCode, page.body).toBe(200)
    expect(page.body).toContain('Harbour')
    expect(page.body).toContain('Anna Berg')
    expect((await approval(id)).status).toBe('pending')
    const done = await open(approve, 'POST')
    expect(done.statusCode, done.body).toBe(200)
    expect(await approval(id)).toMatchObject({ status: 'approved', decidedById: boss.userId })
    expect(await worth(dealId)).toBe('900.00')
    for (const link of [approve, reject]) {
      expect((await open(link, 'POST')).statusCode).toBe(409)
      expect((await open(link)).statusCode).toBe(409)
    }
    expect(await worth(dealId)).toBe('900.00')
  })

  it('is asked for on other ways that plugins bring, each person with links of their own', async () => {
    const { id, dealId } = await asked()
    const questions = () => chat.filter(({ approvalId }) => approvalId === id)
    await expect.poll(() => questions().map(({ member }) => member.id)).toContain(boss.userId)
    expect(questions().map(({ member }) => member.id)).not.toContain(anna.userId)
    const mine = questions().find(({ member }) => member.id === boss.userId)
    expect(mine).toMatchObject({
      kind: 'approval',
      asker: 'Anna Berg',
      title: 'Give a discount: Harbour',
    })
    expect(mine.shown[0]).toContain('1,000')
    expect(mine.url).toContain(`/approvals/${id}`)
    const { pathname } = new URL(mine.links.approved, 'http://localhost')
    expect((await open(pathname, 'POST')).statusCode).toBe(200)
    expect(await approval(id)).toMatchObject({ status: 'approved', decidedById: boss.userId })
    expect(await worth(dealId)).toBe('900.00')
  })

  it('does nothing when values have changed or it was handed on', async () => {
    const { id, dealId } = await asked()
    const { approve } = await linksOf(id)
    await ok(anna.call('PATCH', `/opportunities/${dealId}`, { value: 500 }))
    expect((await open(approve, 'POST')).statusCode).toBe(409)
    await ok(anna.call('PATCH', `/opportunities/${dealId}`, { value: 1000 }))
    const other = await joinOrg(app, key, 'platform.people:editor', 'Pia')
    await ok(
      boss.call('POST', '/actions/platform.approvals:delegate', {
        input: { id, to: other.userId },
      }),
    )
    expect((await open(approve, 'POST')).statusCode).toBe(409)
    expect((await open(`${approve.slice(0, -4)}AAAA`)).statusCode).toBe(404)
    expect((await approval(id)).status).toBe('pending')
  })
})
