import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { type Json, step, trigger, workflowsOf } from '../setup/workflows.ts'

let app: TestApp
let org: Caller
let flows: ReturnType<typeof workflowsOf>

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Acme' })
  flows = workflowsOf(org)
})
afterAll(() => app?.stop())

const lead = (values: object): Promise<Json> => flows.ask('POST', '/leads', values)
const stepsOf = (run: Json) => run.steps.map((one: Json) => `${one.step} ${one.status}`)

describe('a workflow', () => {
  it('does what it says when a record is created, and tells what it did and why', async () => {
    await flows.publish({
      greet: {
        label: 'Rank new leads',
        entity: 'crm.leads:lead',
        triggers: { created: trigger('record-created') },
        start: 'good',
        steps: {
          good: step('condition', {
            when: {
              all: [
                { fact: 'record', path: 'score', operator: '$gte', value: 80 },
                { fact: 'record', path: 'company', operator: '$contains', value: 'nord' },
              ],
            },
            then: 'mark',
            else: 'end',
          }),
          mark: step('update-record', {
            values: { status: 'qualified', notes: 'Ranked: {{ record.name }}, {{ record.score }}' },
          }),
          end: step('stop'),
        },
      },
    })
    const { id } = await lead({ name: 'Ada', company: 'Nordvik', score: 82 })
    const run = await flows.only('t:greet')
    expect(stepsOf(run)).toEqual(['good done', 'mark done'])
    expect(run.steps[0].why).toMatchObject({
      holds: true,
      all: [
        { path: 'score', operator: '$gte', value: 80, found: 82, holds: true },
        { holds: true },
      ],
    })
    expect(run.run).toMatchObject({ name: 'Rank new leads', about: { entity: 'leads', id } })
    const [record, history] = [
      await flows.ask('GET', `/leads/${id}`),
      await flows.ask('GET', `/leads/${id}/history`),
    ]
    expect(record).toMatchObject({ status: 'qualified', notes: 'Ranked: Ada, 82' })
    expect(record.updatedBy).toEqual({ type: 'workflow', id: run.run.id, name: 'Rank new leads' })
    expect(history.data[0]).toMatchObject({
      origin: 'workflow',
      fields: { status: { to: 'qualified' } },
    })
  })
})

describe('steps', () => {
  it('keep values, choose among cases and hand on what earlier ones gave', async () => {
    await flows.publish({
      cases: {
        label: 'Cases',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'keep',
        steps: {
          keep: step(
            'set',
            {
              values: {
                ...{ region: '{{ record.source }}', twice: '{{ trigger.payload.n }}' },
                wanted: 'web',
              },
            },
            { next: 'which' },
          ),
          which: step('switch', {
            cases: {
              web: {
                when: { fact: 'vars', path: 'region', operator: '$eq', value: '{{ vars.wanted }}' },
                to: 'task',
              },
              fair: {
                when: { fact: 'vars', path: 'region', operator: '$eq', value: 'fair' },
                to: 'end',
              },
            },
            otherwise: 'end',
          }),
          task: step(
            'create-record',
            {
              entity: 'platform.tasks:task',
              values: { title: 'Call {{ record.name }} ({{ vars.twice }})' },
            },
            { next: 'find' },
          ),
          find: step(
            'find-records',
            { entity: 'platform.tasks:task', filter: { title: { $startsWith: 'Call' } } },
            { next: 'end' },
          ),
          end: step('stop', {
            result: { task: '{{ steps.task.output.id }}', count: '{{ steps.find.output.count }}' },
          }),
        },
      },
    })
    const { id } = await lead({ name: 'Bo', source: 'web' })
    const { runs } = await flows.ask('POST', '/workflows/t:cases/run', {
      records: { entity: 'leads', ids: [id] },
      input: { n: 2 },
    })
    const run = await flows.becomes(runs[0], 'done')
    expect(stepsOf(run)).toEqual(['keep done', 'which done', 'task done', 'find done', 'end done'])
    expect(run.steps[1].why.web).toMatchObject({ holds: true, found: 'web' })
    const task = await flows.ask('GET', `/tasks/${run.state.result.task}`)
    expect(task.title).toBe('Call Bo (2)')
    expect(run.state.result.count).toBe(1)
  })

  it('go several ways at once, over a list and over records, and on when all have ended', async () => {
    await flows.publish({
      child: {
        label: 'Child',
        triggers: { hand: trigger('manual') },
        start: 'end',
        steps: { end: step('stop', { result: 'from {{ vars.who }}' }) },
      },
      many: {
        label: 'Many',
        triggers: { hand: trigger('manual') },
        start: 'both',
        steps: {
          both: step('parallel', { branches: { left: 'l', right: 'r' } }, { next: 'each' }),
          l: step('set', { values: { side: 'left' } }),
          r: step('stop', { result: 'right' }),
          each: step(
            'for-each',
            { items: '{{ trigger.payload.names }}', do: 'make', concurrency: 2 },
            { next: 'all' },
          ),
          make: step('create-record', {
            entity: 'crm.leads:lead',
            values: { name: '{{ item }}', title: 'many' },
          }),
          all: step(
            'for-each',
            { entity: 'crm.leads:lead', filter: { title: 'many' }, do: 'touch', concurrency: 2 },
            { next: 'sub' },
          ),
          touch: step('update-record', {
            entity: 'crm.leads:lead',
            id: '{{ item.id }}',
            values: { notes: 'seen {{ item.name }}' },
          }),
          sub: step(
            'run-workflow',
            { workflow: 't:child', input: { who: 'many' } },
            { next: 'end' },
          ),
          end: step('stop', { result: '{{ steps.sub.output }}' }),
        },
      },
    })
    const names = ['Ann', 'Bea', 'Cyd', 'Dot', 'Eva']
    const { runs } = await flows.ask('POST', '/workflows/t:many/run', { input: { names } })
    const run = await flows.becomes(runs[0], 'done')
    expect(run.state.result).toBe('from many')
    const { data } = await flows.ask(
      'GET',
      `/leads?sort=name&filter=${encodeURIComponent('{"title":"many"}')}`,
    )
    expect(data.map((one: Json) => one.notes)).toEqual(names.map((name) => `seen ${name}`))
    expect(run.parts.filter((part: Json) => part.step === 'each')).toHaveLength(5)
    const both = run.steps.find((one: Json) => one.step === 'both' && one.status === 'done')
    expect(both.output).toMatchObject({
      left: { steps: { l: { side: 'left' } } },
      right: { result: 'right' },
    })
    expect(await flows.runs({ workflow: 't:child', status: 'done' })).toHaveLength(1)
  })
})

describe('what goes wrong', () => {
  it('goes the way for errors, or parks the run with its reason, to be taken up again at the step', async () => {
    const bad = step('update-record', { values: { email: '{{ record.company }}' } })
    await flows.publish({
      branch: {
        label: 'Branch',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'bad',
        steps: {
          bad: { ...bad, onError: 'note' },
          note: step('update-record', {
            values: { notes: 'Failed: {{ steps.bad.output.error.code }}' },
          }),
        },
      },
      parked: {
        label: 'Parked',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'first',
        steps: {
          first: step(
            'create-record',
            { entity: 'platform.tasks:task', values: { title: 'First of {{ record.name }}' } },
            { next: 'bad', compensate: 'undo' },
          ),
          bad: { ...bad, next: 'end' },
          undo: step('update-record', {
            entity: 'platform.tasks:task',
            id: '{{ steps.first.output.id }}',
            values: { title: 'Made up for' },
          }),
          end: step('stop'),
        },
      },
    })
    const { id } = await lead({ name: 'Cy', company: 'no address' })
    const start = (workflow: string) =>
      flows.ask('POST', `/workflows/${workflow}/run`, { records: { entity: 'leads', ids: [id] } })
    const branch = await flows.becomes((await start('t:branch')).runs[0], 'done')
    expect(stepsOf(branch)).toEqual(['bad failed', 'note done'])
    expect((await flows.ask('GET', `/leads/${id}`)).notes).toBe('Failed: INVALID')

    const parked = await flows.becomes((await start('t:parked')).runs[0], 'failed')
    expect(stepsOf(parked)).toEqual(['first done', 'bad failed', 'undo done'])
    expect(parked.run.error).toContain('email')
    expect(parked.state.failure).toMatchObject({ step: 'bad', code: 'INVALID' })

    await flows.ask('PATCH', `/leads/${id}`, { company: 'cy@acme.example' })
    await flows.ask('POST', `/runs/${parked.run.id}/retry`, {})
    const again = await flows.becomes(parked.run.id, 'done')
    expect(stepsOf(again).slice(3)).toEqual(['bad done', 'end done'])
    expect((await flows.ask('GET', `/leads/${id}`)).email).toBe('cy@acme.example')
  })

  it('ends workflows that set each other off after eight in a row', async () => {
    await flows.publish({
      ring: {
        label: 'Ring',
        entity: 'crm.leads:lead',
        triggers: { changed: trigger('record-updated', { fields: ['title'] }) },
        start: 'again',
        steps: { again: step('update-record', { values: { title: '{{ record.title }}+' } }) },
      },
    })
    const { id } = await lead({ name: 'Ring', title: 'a' })
    await flows.ask('PATCH', `/leads/${id}`, { title: 'b' })
    await expect
      .poll(async () => (await flows.runs({ workflow: 't:ring' })).map((run) => run.status))
      .toEqual([...Array(8).fill('done'), 'failed'])
    const [failed] = await flows.runs({ workflow: 't:ring', status: 'failed' })
    expect(failed.error).toContain('in a row')
  })
})

describe('a run that waits', () => {
  it('goes on when what it waits for happens, rests when it is told to, and ends when it is cancelled', async () => {
    await flows.publish({
      patient: {
        label: 'Patient',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'await',
        steps: {
          await: step(
            'wait-for-event',
            {
              event: 'record.updated',
              when: { fact: 'record', path: 'status', operator: '$eq', value: 'contacted' },
              atMost: { for: 2, unit: 'days' },
            },
            { next: 'note' },
          ),
          note: step('update-record', { values: { notes: 'Contacted' } }),
        },
      },
    })
    const start = async (name: string) => {
      const { id } = await lead({ name })
      const { runs } = await flows.ask('POST', '/workflows/t:patient/run', {
        records: { entity: 'leads', ids: [id] },
      })
      await flows.becomes(runs[0], 'waiting')
      return { id, run: runs[0] as string }
    }
    const one = await start('Dee')
    await flows.ask('PATCH', `/leads/${one.id}`, { phone: '+4722334455' })
    await flows.ask('PATCH', `/leads/${one.id}`, { status: 'contacted' })
    await flows.becomes(one.run, 'done')
    expect((await flows.ask('GET', `/leads/${one.id}`)).notes).toBe('Contacted')

    const two = await start('Eli')
    await flows.ask('POST', '/actions/platform.workflows:pause', { input: { id: two.run } })
    await flows.ask('PATCH', `/leads/${two.id}`, { status: 'contacted' })
    await flows.becomes(two.run, 'paused')
    await flows.ask('POST', '/actions/platform.workflows:proceed', { input: { id: two.run } })
    await flows.becomes(two.run, 'done')

    const three = await start('Fay')
    await flows.ask('POST', `/runs/${three.run}/cancel`)
    await flows.becomes(three.run, 'cancelled')
    await flows.ask('PATCH', `/leads/${three.id}`, { status: 'contacted' })
    expect((await org.call('POST', `/runs/${three.run}/cancel`)).statusCode).toBe(409)
    expect((await flows.ask('GET', `/leads/${three.id}`)).notes).toBeNull()

    // Whoever changes a run at the very moment at which it moves on is answered by what it is then.
    const busy = await Promise.all(['Gil', 'Hal', 'Ida', 'Jon'].map(start))
    const answers = await Promise.all(
      busy.map(async ({ id, run }) => {
        const moved = flows.ask('PATCH', `/leads/${id}`, { status: 'contacted' })
        const codes: number[] = []
        for (let round = 0; round < 12; round++) {
          for (const action of ['pause', 'proceed']) {
            const { statusCode } = await org.call(
              ...(['POST', `/actions/platform.workflows:${action}`] as const),
              { input: { id: run } },
            )
            codes.push(statusCode)
          }
        }
        await moved
        return codes
      }),
    )
    expect(answers.flat().filter((code) => code !== 200 && code !== 409)).toEqual([])
    for (const { run } of busy) await flows.becomes(run, 'done')
  })

  it('begins once for a record at a time, however many ask at the same moment', async () => {
    await flows.publish({
      single: {
        label: 'One at a time',
        entity: 'crm.leads:lead',
        overlap: 'skip',
        triggers: { hand: trigger('manual') },
        start: 'rest',
        steps: { rest: step('wait', { for: 1, unit: 'hours' }) },
      },
    })
    const { id } = await lead({ name: 'Wanted by many' })
    const ask = () =>
      flows.ask('POST', '/workflows/t:single/run', { records: { entity: 'leads', ids: [id] } })
    const begun = await Promise.all(Array.from({ length: 8 }, ask))
    expect(begun.flatMap(({ runs }) => runs)).toHaveLength(1)
  })

  it('hears what it waits for, however many others wait, and ends with all its parts', async () => {
    const each = (inner: string) =>
      step('for-each', { items: '{{ trigger.payload.many }}', do: inner, concurrency: 100 })
    const created = (more: object = {}) =>
      step('wait-for-event', { event: 'record.created', sameRecord: false, ...more })
    const triggers = { hand: trigger('manual') }
    await flows.publish({
      early: { label: 'Early', triggers, start: 'hear', steps: { hear: created() } },
      crowd: {
        ...{ label: 'Crowd', triggers, start: 'outer' },
        steps: {
          outer: each('inner'),
          inner: each('deaf'),
          deaf: created({ match: { no: 'such event' } }),
        },
      },
    })
    const begin = async (key: string, input: object = {}) =>
      (await flows.ask('POST', `/workflows/t:${key}/run`, { input })).runs[0] as string
    const early = await begin('early')
    await flows.becomes(early, 'waiting')
    const crowd = await begin('crowd', { many: Array.from({ length: 32 }, (_, at) => at) })
    const statesOf = async () => {
      const { parts } = await flows.detail(crowd)
      return [...new Set(parts.map(({ status }: Json) => status)), parts.length]
    }
    await expect.poll(statesOf, { timeout: 60_000, interval: 500 }).toEqual(['waiting', 999])
    await lead({ name: 'Heard by one' })
    await flows.becomes(early, 'done')
    await flows.ask('POST', `/runs/${crowd}/cancel`)
    expect(await statesOf()).toEqual(['cancelled', 999])
  }, 120_000)

  it('goes another way when nothing came in time, and waits for nothing any more', async () => {
    await flows.publish({
      brief: {
        label: 'Brief',
        entity: 'crm.leads:lead',
        triggers: { hand: trigger('manual') },
        start: 'await',
        steps: {
          await: step('wait-for-event', {
            event: 'record.updated',
            atMost: { for: 1, unit: 'seconds' },
            timedOut: 'late',
          }),
          late: step('update-record', { values: { notes: 'Nobody called' } }),
        },
      },
    })
    const { id } = await lead({ name: 'Gus' })
    const records = { entity: 'leads', ids: [id] }
    const { runs } = await flows.ask('POST', '/workflows/t:brief/run', { records })
    await flows.becomes(runs[0], 'done')
    expect((await flows.ask('GET', `/leads/${id}`)).notes).toBe('Nobody called')
    const { rows } = await app.house.db.query<{ n: number }>(org.orgId, {
      text: `select count(*)::int as n from tenant.platform_workflows_wait w
        join tenant.platform_workflows_state s on s.org_id = w.org_id and s.id = w.state
        where w.org_id = $1 and s.run = $2`,
      values: [org.orgId, runs[0]],
    })
    expect(rows[0]?.n).toBe(0)
  })

  it('goes on by the clock', async () => {
    await flows.publish({
      nap: {
        label: 'Nap',
        triggers: { hand: trigger('manual') },
        start: 'nap',
        steps: {
          nap: step('wait', { for: 1, unit: 'seconds' }, { next: 'end' }),
          end: step('stop'),
        },
      },
    })
    const { runs } = await flows.ask('POST', '/workflows/t:nap/run', {})
    // That it waited is in its steps; a second is over before everybody has looked.
    expect(stepsOf(await flows.becomes(runs[0], 'done'))).toEqual([
      'nap waiting',
      'nap done',
      'end done',
    ])
  })
})
