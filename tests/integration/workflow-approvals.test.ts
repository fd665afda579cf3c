import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

/** Workflows that wait for people. */
let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>
let boss: Caller & { readonly userId: string }
let anna: Caller & { readonly userId: string }

beforeAll(async () => {
  app = await startApp({}, [path.resolve(import.meta.dirname, '../fixtures/held')])
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
  boss = await joinOrg(app, org, 'platform.people:admin', 'Edda Falk')
  anna = await joinOrg(app, org, 'platform.people:editor', 'Anna Berg')
})
afterAll(() => app?.stop())

const ok = async (answer: ReturnType<Caller['call']>): Promise<Json> => {
  const { statusCode, body } = await answer
  if (statusCode >= 300) throw new Error(`${statusCode}: ${body}`)
  return body === '' ? null : JSON.parse(body)
}
const start = async (workflow: string, id: string, who: Caller = org): Promise<string> => {
  const body = { records: { entity: 'opportunities', ids: [id] } }
  return (await ok(who.call('POST', `/workflows/${workflow}/run`, body))).runs[0]
}
const deal = (): Promise<Json> =>
  ok(anna.call('POST', '/opportunities', { name: 'Harbour', value: 1000 }))
/** Whom a run has asked for what, the latest last. */
async function askedBy(run: string): Promise<Json[]> {
  const filter = encodeURIComponent(JSON.stringify({ run }))
  return (await ok(org.call('GET', `/approvals?filter=${filter}&sort=createdAt`))).data
}
/** What a run waits for somebody for. */
async function waitingFor(run: string): Promise<Json> {
  await flows.becomes(run, 'waiting')
  const asked = await askedBy(run)
  expect(asked.length).toBeGreaterThan(0)
  return asked.at(-1)
}
const decide = (who: Caller, { id, hash }: Json, decision: string, comment?: string) =>
  who.call('POST', `/approvals/${id}/decide`, { decision, hash, ...(comment ? { comment } : {}) })

const sign = (settings: object = {}) => ({
  label: 'Sign off',
  entity: 'crm.opportunities:opportunity',
  triggers: { hand: trigger('manual') },
  start: 'ask',
  steps: {
    ask: step('platform.approvals:approval', {
      role: 'platform.people:admin',
      title: 'Sign {{ record.name }}',
      fields: ['value', 'stage'],
      approved: 'yes',
      rejected: 'no',
      timedOut: 'late',
      ...settings,
    }),
    yes: step('stop', { result: { ended: 'yes', by: '{{ steps.ask.output.byName }}' } }),
    no: step('stop', { result: { ended: 'no', why: '{{ steps.ask.output.comment }}' } }),
    late: step('stop', { result: { ended: 'late' } }),
  },
})

describe('a step that asks for approval', () => {
  it('goes the way that was decided, and knows who decided and why', async () => {
    await flows.publish({ sign: sign() })
    const { id } = await deal()
    const yes = await start('t:sign', id)
    const asked = await waitingFor(yes)
    expect(asked).toMatchObject({
      title: 'Sign Harbour',
      kind: 'approval',
      about: { entity: 'opportunities', id },
      askedByName: 'Sign off',
      askedByType: 'workflow',
    })
    expect(asked.shown[0].fields).toMatchObject({
      value: { amount: '1000.00', currency: 'USD' },
    })
    await ok(decide(boss, asked, 'approved'))
    const done = await flows.becomes(yes, 'done')
    expect(done.state.result).toEqual({ ended: 'yes', by: 'Edda Falk' })
    const no = await start('t:sign', id)
    await ok(decide(boss, await waitingFor(no), 'rejected', 'Too cheap.'))
    const ended = await flows.becomes(no, 'done')
    expect(ended.state.result).toEqual({ ended: 'no', why: 'Too cheap.' })
  })

  it('is told however long its title becomes', async () => {
    const title = '{{ record.name }} {{ record.name }}'
    await flows.publish({ long: sign({ title, assignee: boss.userId }) })
    const name = 'Harbour '.repeat(25).trim()
    const { id } = await ok(anna.call('POST', '/opportunities', { name, value: 1000 }))
    const asked = await waitingFor(await start('t:long', id))
    const told = async () => {
      const { data } = await ok(boss.call('GET', '/notifications?limit=200'))
      return data.some((one: Json) => one.record?.id === asked.id)
    }
    await expect.poll(told, { timeout: 10_000 }).toBe(true)
  })

  it('is decided for the values that were shown', async () => {
    const { id } = await deal()
    const run = await start('t:sign', id)
    const asked = await waitingFor(run)
    await ok(anna.call('PATCH', `/opportunities/${id}`, { value: 5 }))
    const answer = await decide(boss, asked, 'approved')
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({
      code: 'APPROVAL_STALE',
      conflicts: [{ field: 'value', then: { amount: '1000.00' }, now: { amount: '5.00' } }],
    })
    await flows.ask('POST', '/actions/platform.workflows:cancel', { input: { id: run } })
    const { status } = await ok(boss.call('GET', `/approvals/${asked.id}`))
    expect(status).toBe('cancelled')
  })

  it('asks a person that the record names, and somebody else when the time is over', async () => {
    await flows.publish({
      personal: sign({
        role: undefined,
        assignee: '{{ record.ownerId }}',
        expiresIn: { for: 2, unit: 'seconds' },
      }),
    })
    const { id } = await deal()
    const run = await start('t:personal', id)
    // Two seconds are over before everybody has looked; whom it asked stays to be read.
    await expect.poll(() => askedBy(run)).toMatchObject([{ assigneeId: anna.userId, role: null }])
    const ended = await flows.becomes(run, 'done')
    expect(ended.state.result).toEqual({ ended: 'late' })
  })

  it('asks by rule: the manager of the owner, a role above an amount; and a role that is named when it is due', async () => {
    const lead = await joinOrg(app, org, 'platform.people:editor', 'Lena')
    await ok(org.call('PATCH', `/users/${anna.userId}`, { managerId: lead.userId }))
    const { steps } = sign()
    const above = { fact: 'record', path: 'value', operator: '$gt', value: 500 }
    await flows.publish({
      byRule: {
        ...sign(),
        start: 'who',
        steps: {
          ...steps,
          who: step('switch', {
            cases: { much: { when: above, to: 'ask' } },
            otherwise: 'manager',
          }),
          manager: step('platform.approvals:approval', {
            ...{ assignee: '{{ record.owner.managerId }}', approved: 'yes' },
            ...{ dueIn: { for: 1, unit: 'seconds' }, escalateTo: 'platform.people:admin' },
          }),
        },
      },
    })
    const { id } = await deal()
    const much = await waitingFor(await start('t:byRule', id))
    expect(much).toMatchObject({ assigneeId: null, role: 'platform.people:admin' })
    await ok(anna.call('PATCH', `/opportunities/${id}`, { value: 100 }))
    const run = await start('t:byRule', id)
    const little = await waitingFor(run)
    const now = () => ok(boss.call('GET', `/approvals/${little.id}`))
    expect(little).toMatchObject({ askedByType: 'workflow', askerId: run })
    await expect
      .poll(now)
      .toMatchObject({ assigneeId: null, role: 'platform.people:admin', escalated: true })
    await ok(decide(boss, await now(), 'approved'))
    await flows.becomes(run, 'done')
    const all = await ok(org.call('GET', `/approvals/${little.id}/history`))
    expect(all.data.map(({ fields }: Json) => fields.assigneeId ?? null)).toContainEqual({
      from: lead.userId,
      to: null,
    })
  })

  it('is not decided by whoever began the run', async () => {
    const { id } = await deal()
    const run = await start('t:sign', id, boss)
    const asked = await waitingFor(run)
    expect((await decide(boss, asked, 'approved')).statusCode).toBe(403)
    const other = await joinOrg(app, org, 'platform.people:admin', 'Olaf')
    await ok(decide(other, asked, 'approved'))
    await flows.becomes(run, 'done')
  })

  it('in a dry run goes its usual way and asks nobody', async () => {
    const { id } = await deal()
    const before = (await ok(boss.call('GET', '/approvals?count=exact'))).page.count
    const body = { records: { entity: 'opportunities', ids: [id] }, dryRun: true }
    const shown = await ok(boss.call('POST', '/workflows/t:sign/run', body))
    expect(shown.steps).toMatchObject([
      { step: 'ask', assumed: true, output: { decision: 'approved' } },
      { step: 'yes' },
    ])
    expect((await ok(boss.call('GET', '/approvals?count=exact'))).page.count).toBe(before)
  })

  it('goes on no further when it is rejected and says no way', async () => {
    await flows.publish({
      strict: {
        ...sign(),
        steps: {
          ask: step(
            'platform.approvals:approval',
            { role: 'platform.people:admin' },
            { next: 'on' },
          ),
          on: step('update-record', { values: { name: 'Signed' } }),
        },
      },
    })
    const { id } = await deal()
    const no = await start('t:strict', id)
    await ok(decide(boss, await waitingFor(no), 'rejected'))
    await flows.becomes(no, 'done')
    expect((await ok(boss.call('GET', `/opportunities/${id}`))).name).toBe('Harbour')
    const yes = await start('t:strict', id)
    await ok(decide(boss, await waitingFor(yes), 'approved'))
    await flows.becomes(yes, 'done')
    expect((await ok(boss.call('GET', `/opportunities/${id}`))).name).toBe('Signed')
  })
})

describe('a step whose action needs a yes', () => {
  const discount = (amount: number) => ({
    ...sign(),
    steps: {
      ask: step(
        'action',
        { action: 'test.held:discount', input: { id: '{{ record.id }}', amount } },
        { next: 'yes', onError: 'no' },
      ),
      yes: step('stop', { result: '{{ steps.ask.output.value.amount }}' }),
      no: step('stop', { result: '{{ steps.ask.output.error.code }}' }),
    },
  })

  it('waits for it, and has the output of what was approved', async () => {
    await flows.publish({ discount: discount(100) })
    const { id } = await deal()
    const run = await start('t:discount', id, anna)
    const asked = await waitingFor(run)
    expect(asked).toMatchObject({ action: 'test.held:discount', askedByType: 'workflow' })
    expect((await ok(boss.call('GET', `/opportunities/${id}`))).value.amount).toBe('1000.00')
    await ok(decide(boss, asked, 'approved'))
    const done = await flows.becomes(run, 'done')
    expect(done.state.result).toBe('900.00')
    const { data } = await ok(boss.call('GET', `/opportunities/${id}/history`))
    expect(data[0].actor).toMatchObject({ type: 'workflow', id: run })
    const { data: all } = await ok(boss.call('GET', '/approvals?limit=200'))
    expect(all.filter((one: Json) => one.run === run).length).toBe(1)
  })

  it('goes the way of an error when it is rejected or cannot be done', async () => {
    await flows.publish({ much: discount(5000) })
    const { id } = await deal()
    const no = await start('t:discount', id, anna)
    await ok(decide(boss, await waitingFor(no), 'rejected'))
    expect((await flows.becomes(no, 'done')).state.result).toBe('REJECTED')
    const much = await start('t:much', id, anna)
    await ok(decide(boss, await waitingFor(much), 'approved'))
    expect((await flows.becomes(much, 'done')).state.result).toBe('STATE_CONFLICT')
    expect((await ok(boss.call('GET', `/opportunities/${id}`))).value.amount).toBe('1000.00')
  })

  it('is nobody’s to decide who caused the run', async () => {
    const { id } = await deal()
    const run = await start('t:discount', id, boss)
    const asked = await waitingFor(run)
    expect((await decide(boss, asked, 'approved')).statusCode).toBe(403)
    await flows.ask('POST', '/actions/platform.workflows:cancel', { input: { id: run } })
    expect((await decide(boss, asked, 'approved')).statusCode).toBe(403)
  })
})

describe('a step that asks with a form', () => {
  const survey = (settings: object = {}) => ({
    ...sign(),
    steps: {
      ask: step('platform.approvals:form', {
        assignee: '{{ record.ownerId }}',
        title: 'About {{ record.name }}',
        fields: {
          reason: { label: 'Reason', type: 'text', required: true },
          seats: { label: 'Seats', type: 'number' },
          signed: { label: 'Signed', type: 'boolean' },
          day: { label: 'Day', type: 'date' },
          size: {
            label: 'Size',
            type: 'select',
            options: { small: { label: 'Small' }, large: { label: 'Large' } },
          },
        },
        submitted: 'yes',
        timedOut: 'late',
        ...settings,
      }),
      yes: step('update-record', { values: { name: '{{ steps.ask.output.reason }}' } }),
      late: step('stop', { result: 'late' }),
    },
  })

  it('has the answers of whoever filled it in', async () => {
    await flows.publish({ survey: survey() })
    const { id } = await deal()
    const run = await start('t:survey', id)
    const asked = await waitingFor(run)
    expect(asked).toMatchObject({ kind: 'form', assigneeId: anna.userId, title: 'About Harbour' })
    const submit = (who: Caller, answers: object) =>
      who.call('POST', `/approvals/${asked.id}/submit`, { answers, hash: asked.hash })
    expect((await submit(boss, { reason: 'x' })).statusCode).toBe(403)
    const wrong = await submit(anna, { seats: 'two', size: 'huge', day: '2026-13-40', other: 1 })
    expect(wrong.statusCode).toBe(422)
    expect(
      wrong
        .json<Json>()
        .errors.map(({ path: at, code }: Json) => `${at} ${code}`)
        .sort(),
    ).toEqual([
      'answers.day WRONG_TYPE',
      'answers.other UNKNOWN_FIELD',
      'answers.reason REQUIRED',
      'answers.seats WRONG_TYPE',
      'answers.size UNKNOWN_OPTION',
    ])
    await ok(submit(anna, { reason: 'New pier', seats: 3, signed: true, size: 'large' }))
    const done = await flows.becomes(run, 'done')
    expect(done.steps.findLast((one: Json) => one.step === 'ask').output).toMatchObject({
      ...{ reason: 'New pier', seats: 3, signed: true, day: null, size: 'large' },
      by: anna.userId,
    })
    expect((await ok(boss.call('GET', `/opportunities/${id}`))).name).toBe('New pier')
    expect((await submit(anna, { reason: 'Again' })).statusCode).toBe(409)
    expect((await decide(anna, asked, 'approved')).statusCode).toBe(409)
  })

  it('goes on without them when the time is over', async () => {
    await flows.publish({ brief: survey({ expiresIn: { for: 1, unit: 'seconds' } }) })
    const { id } = await deal()
    const run = await start('t:brief', id)
    expect((await flows.becomes(run, 'done')).state.result).toBe('late')
  })
})
