import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startApp, type TestApp } from '../setup/test-app.ts'
import { contentTypes } from './fuzz/broken-bodies.ts'
import { type AnswerCheck, createAnswerCheck } from './fuzz/check-answer.ts'
import { type Answer, createFuzzWorld, type FuzzWorld } from './fuzz/fuzz-world.ts'
import { intrinsics } from './fuzz/intrinsics.ts'
import { type Operation, operationsOf } from './fuzz/open-api.ts'
import { modes, type Plan } from './fuzz/plan.ts'
import { createPlans } from './fuzz/request-plans.ts'
import { suiteScale } from './support/scale.ts'

/**
 * Requests made from the OpenAPI document of an admin, right and wrong in every way we know. Nothing is a
 * 5xx, everything answers as it is declared, and a problem says nothing of our insides.
 *
 * `RUNWAY_SEED` repeats a run; `RUNWAY_PATH` what fast-check calls its path goes straight to a sequence.
 */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const wanted = 5_000 * suiteScale
const longestSequence = 16

let app: TestApp
let address: string
let world: FuzzWorld
let operations: readonly Operation[]
let plans: ReturnType<typeof createPlans>
let check: AnswerCheck
let before: string
let sent = 0
/** Whether a request since the last look may have taken a right from those who send. */
let mayHaveChanged = false
const statuses = new Map<string, Map<number, number>>()

beforeAll(async () => {
  console.info(`fuzz: RUNWAY_SEED=${seed} SUITE_SCALE=${suiteScale}, ${wanted} requests`)
  app = await startApp()
  address = await app.listen()
  await newWorld()
  before = intrinsics()
}, 120_000)
afterAll(async () => {
  const lines = [...statuses].map(
    ([mode, counts]) =>
      `${mode.padEnd(14)} ${[...counts]
        .sort()
        .map((pair) => pair.join(': '))
        .join(', ')}`,
  )
  console.info(`fuzz: ${sent} requests to ${operations.length} operations\n${lines.join('\n')}`)
  await app.stop()
})

async function newWorld(): Promise<void> {
  world = await createFuzzWorld(app, address)
  operations = operationsOf(world.document, world.model)
  plans = createPlans({ ...world, operations })
  check = createAnswerCheck(world.document)
}

/** Another world when the sequences have taken the admin's rights in this one. */
async function mendWorld(): Promise<void> {
  if (!mayHaveChanged) return
  mayHaveChanged = false
  if (!(await world.isIntact())) await newWorld()
}

const routeOf = ({ method, path, entity }: Operation) =>
  `${method} ${entity ? path.replace(entity.plural, ':plural') : path.replace(/^\/actions\/.*/, '/actions')}`
/**
 * Right requests are made for each operation. Entities share their routes, so what is wrong in one way is asked for
 * every other entity, and what is wrong in the next way for those between; the deep run asks all for all.
 */
function isAsked(operation: Operation, mode: Plan['mode']): boolean {
  const sharing = operations.filter((other) => routeOf(other) === routeOf(operation))
  if (suiteScale > 1 || operation.entity === null || mode === 'valid' || sharing.length === 1)
    return true
  return (sharing.indexOf(operation) + modes.indexOf(mode)) % 2 === 0
}
/** The request names records that are not there, and is right otherwise. */
function isAboutMissing({ status, body }: Answer): boolean {
  if (status !== 422 || body === '') return false
  const { errors = [] } = JSON.parse(body) as { errors?: { code: string }[] }
  return errors.length > 0 && errors.every(({ code }) => code === 'UNKNOWN_RECORD')
}
const operationOf = (plan: Plan) => operations.find(({ name }) => name === plan.operation)!

/** @returns what is wrong with the answer. */
async function run(plan: Plan, among?: number): Promise<string[]> {
  sent++
  const answer = await world.send(plan, among)
  const isUnknown = answer.status === 401 && plan.who !== 'nobody'
  if (isUnknown || (plan.method !== 'GET' && answer.status < 400)) mayHaveChanged = true
  const counts = statuses.get(plan.mode) ?? new Map<number, number>()
  const status = isAboutMissing(answer) ? 404 : answer.status
  statuses.set(plan.mode, counts.set(status, (counts.get(status) ?? 0) + 1))
  if (
    process.env['FUZZ_TELL'] &&
    plan.mode === 'valid' &&
    answer.status >= 400 &&
    plan.who !== 'nobody'
  )
    console.info(
      answer.status,
      plan.operation,
      answer.sent.url.slice(0, 150),
      answer.sent.body.slice(0, 300),
      '->',
      answer.body.slice(0, 400),
    )
  const operation = operationOf(plan)
  const troubles = check(operation, plan, answer)
  // Where others act at the same moment, they may have taken the right to ask again.
  const isAlone = among === undefined
  if (isAlone && plan.mode === 'valid' && plan.headers['idempotency-key'] && answer.status < 300) {
    const again = await answer.repeat()
    // Secrets are shown once, and are not kept to be shown again.
    const isSame = again.body === answer.body || /rk_|token=/.test(answer.body)
    if (again.status !== answer.status || !isSame) {
      troubles.push(`its repetition answers ${again.status}`)
    }
  }
  return troubles.map(
    (trouble) =>
      `${plan.operation} ${trouble}\n  ${answer.sent.method} ${answer.sent.url.slice(0, 500)} as ${plan.who}\n  ${answer.sent.body.slice(0, 700)}\n  -> ${answer.status} ${answer.body.slice(0, 500)}`,
  )
}

describe('the API', () => {
  it('answers every operation, and every route in every mode, as it is declared', {
    timeout: 3_600_000,
  }, async () => {
    const found = new Map<string, string>()
    const asked = new Set<string>()
    for (const [i, mode] of modes.entries()) {
      for (const [j, operation] of operations.entries()) {
        if (!isAsked(operation, mode)) continue
        asked.add(`${mode}: ${routeOf(operation)}`)
        const arbitrary = plans.planOf(operation, mode)
        for (const plan of fc.sample(arbitrary, { seed: seed + i * 1_000 + j, numRuns: 1 })) {
          for (const trouble of await run(plan)) {
            const kind = trouble.split('\n', 1)[0]!
            if (!found.has(kind)) found.set(kind, trouble)
          }
        }
        await mendWorld()
      }
      await world.forget()
      expect(intrinsics()).toBe(before)
    }
    expect([...found.values()].join('\n\n')).toBe('')
    expect(asked.size).toBe(new Set(operations.map(routeOf)).size * modes.length)
  })

  it('stays sound through sequences in which each call uses what the others brought', {
    timeout: 7_200_000,
  }, async () => {
    const rest = Math.max(500, (wanted * 7) / 8 - operations.length * modes.length)
    const sequences = fc.array(plans.anyPlan(), { minLength: 4, maxLength: longestSequence })
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        await world.forget()
        const troubles: string[] = []
        for (const plan of sequence) troubles.push(...(await run(plan)))
        await mendWorld()
        expect(troubles.join('\n\n')).toBe('')
        expect(intrinsics()).toBe(before)
      }),
      {
        seed,
        path: process.env['RUNWAY_PATH'] ?? '',
        numRuns: Math.ceil(rest / ((4 + longestSequence) / 2)),
        interruptAfterTimeLimit: 3_600_000,
      },
    )
  })

  it('stays sound when calls to the same few records come at once', {
    timeout: 7_200_000,
  }, async () => {
    const together = fc.array(plans.anyPlan(), { minLength: 8, maxLength: longestSequence })
    await fc.assert(
      fc.asyncProperty(together, async (sequence) => {
        await world.forget()
        const troubles = (await Promise.all(sequence.map((plan) => run(plan, 2)))).flat()
        await mendWorld()
        expect(troubles.join('\n\n')).toBe('')
      }),
      {
        seed,
        path: process.env['RUNWAY_PATH'] ?? '',
        // What depends on who is first does not get smaller by trying.
        endOnFailure: true,
        numRuns: Math.ceil(wanted / 8 / ((8 + longestSequence) / 2)),
        interruptAfterTimeLimit: 3_600_000,
      },
    )
  })

  it('reads a body as JSON under the types that are JSON, and as nothing under any other', {
    timeout: 600_000,
  }, async () => {
    await world.forget()
    const surprises: string[] = []
    const withBody = operations.filter(({ body }) => body !== null)
    // Entities share their routes.
    const routes = new Map(withBody.map((one) => [routeOf(one), one]))
    for (const operation of routes.values()) {
      const [plan] = fc.sample(plans.planOf(operation, 'valid'), { seed, numRuns: 1 })
      for (const { type, isJson } of contentTypes) {
        const text = '{"fuzz":1,'
        const body = { kind: 'text' as const, text, contentType: type }
        const answer = await world.send({ ...plan!, who: 'session', headers: {}, body })
        const { code } = JSON.parse(answer.body) as { code: string }
        if (code !== (isJson ? 'BAD_JSON' : 'UNSUPPORTED_MEDIA_TYPE')) {
          surprises.push(`${operation.name} under ${String(type).slice(0, 60)}: ${code}`)
        }
      }
    }
    console.info(`fuzz: ${contentTypes.length} content types on ${routes.size} routes`)
    expect(surprises).toEqual([])
  })

  it('understands the requests that are right', () => {
    const counts = [...(statuses.get('valid') ?? [])]
    // Who is not let in, names what is gone or comes at the wrong moment was understood.
    const answered = counts.filter(([status]) => ![401, 403, 404, 409].includes(status))
    const all = answered.reduce((sum, [, count]) => sum + count, 0)
    const done = answered.reduce((sum, [status, count]) => sum + (status < 300 ? count : 0), 0)
    console.info(`fuzz: of ${all} right requests to what is there ${done} were done`, counts)
    expect(done / all).toBeGreaterThan(0.5)
  })
})

describe('the check of answers', () => {
  it.each([
    ['a value of another type', 200, { data: 1, page: {} }, 'application/json; charset=utf-8'],
    ['a status that is not declared', 203, { data: [] }, 'application/json'],
    ['a text where JSON is declared', 200, 'hello', 'text/plain'],
    ['a 500', 500, {}, 'application/problem+json; charset=utf-8'],
    ['a problem that is none', 400, { error: 'no' }, 'application/problem+json; charset=utf-8'],
    ['a problem as JSON', 400, { error: 'no' }, 'application/json'],
    ['a stack', 200, { data: [{ id: 'at foo (/a/b.ts:1:2)' }], page: {} }, 'application/json'],
  ])('notices %s', async (_, status, body, type) => {
    const operation = operations.find(({ name }) => name === 'get /leads')!
    const [plan] = fc.sample(plans.planOf(operation, 'valid'), 1)
    const answer = {
      status,
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      sent: { method: 'GET', url: '/leads', body: '' },
      repeat: () => Promise.reject(new Error('not sent')),
    }
    expect(check(operation, plan!, answer)).not.toEqual([])
  })
})
