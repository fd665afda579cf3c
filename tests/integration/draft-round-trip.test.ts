import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Whatever an admin changes, taking it back leaf by leaf leaves the organisation as it was. */
const seed = Number(process.env['RUNWAY_SEED'] ?? 20_261_125)
const numRuns = Number(process.env['RUNWAY_RUNS'] ?? 2_000) / 100
let app: TestApp
let admin: Caller

beforeAll(async () => {
  console.info(`draft round trips: RUNWAY_SEED=${seed}, ${numRuns} sequences`)
  app = await startApp()
  admin = await app.createOrg()
})
afterAll(() => app.stop())

interface Leaf {
  readonly target?: string
  readonly path: readonly string[]
  readonly value: unknown
}
interface Operation {
  readonly op: 'set' | 'unset'
  readonly target?: string
  readonly path: readonly string[]
  readonly from: unknown
  readonly value?: unknown
}

const words = fc
  .stringMatching(/^[A-Za-zäöüß ]{1,20}$/)
  .filter((text) => text.trim() === text && text !== '')
const lead = 'entities/crm.leads:lead'
const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  fc.record({
    target: fc.constantFrom(lead, 'entities/crm.accounts:account'),
    path: fc.constantFrom(
      ['label'],
      ['description'],
      ['icon'],
      ['fields', 'name', 'label'],
      ['fields', 'name', 'help'],
    ),
    value: words,
  }),
  fc.record({
    target: fc.constant(lead),
    path: fc.constantFrom(
      ['fields', 'status', 'options', 'new', 'label'],
      ['fields', 'source', 'label'],
    ),
    value: words,
  }),
  fc.record({
    target: fc.constant(lead),
    path: fc.constantFrom(['fields', 'company', 'required'], ['fields', 'phone', 'required']),
    value: fc.constant(true),
  }),
  fc.record({
    target: fc.constant(lead),
    path: fc.constantFrom(['fields', 'title', 'order'], ['order']),
    value: fc.integer({ min: 0, max: 999 }),
  }),
  fc.record({
    path: fc.constantFrom('one', 'two').map((key) => ['fields', key]),
    value: words.map((label) => ({ entity: 'crm.leads:lead', field: { type: 'text', label } })),
  }),
  fc.record({
    path: fc.constantFrom('boat', 'berth').map((key) => ['entities', key]),
    value: fc.tuple(words, fc.constantFrom('ships', 'vessels')).map(([label, plural]) => ({
      label,
      labelPlural: label,
      plural,
      titleField: 'name',
      fields: { name: { type: 'text', label: 'Name' } },
    })),
  }),
  fc.record({
    path: fc.constant(['roles', 'guest']),
    value: words.map((label) => ({ label, rules: {} })),
  }),
)

async function modelHash(): Promise<string> {
  return (await admin.call('GET', '/model')).json<{ hash: string }>().hash
}

/** What the editor sees at a leaf now, from the same address that the studio reads. */
async function valueAt({ target, path }: Pick<Leaf, 'target' | 'path'>): Promise<unknown> {
  const [point = '', key = ''] = target ? target.split('/') : path
  const ref = target ? key : `t:${key}`
  const answer = await admin.call(
    'GET',
    `/studio/contributions/${point}/${encodeURIComponent(ref)}`,
  )
  if (answer.statusCode === 404) return undefined
  const { definition } = answer.json<{ definition: unknown }>()
  return (target ? path : path.slice(2)).reduce<unknown>(
    (value, step) => (value as Record<string, unknown> | undefined)?.[step],
    definition,
  )
}

async function publish(): Promise<void> {
  const { hash } = (await admin.call('POST', '/studio/plan')).json()
  const answer = await admin.call('POST', '/studio/publish', { hash, message: 'Round' })
  expect(answer.statusCode, answer.body).toBe(201)
}

it('comes back to what it was, in the draft and published', async () => {
  const first = await modelHash()
  let kept = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(leaf, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      async (leaves, isPublished) => {
        const back: Operation[] = []
        for (const { value, ...at } of leaves) {
          const from = await valueAt(at)
          const answer = await admin.call('PATCH', '/studio/draft', {
            ops: [{ op: 'set', ...at, from, value }],
          })
          // Two objects of one plural, say: refused as a whole, and nothing is half done.
          if (answer.statusCode !== 200) {
            expect(answer.statusCode, answer.body).toBe(422)
            expect(await valueAt(at)).toEqual(from)
            continue
          }
          kept += 1
          expect(await valueAt(at)).toEqual(value)
          back.unshift(
            from === undefined
              ? { op: 'unset', ...at, from: value }
              : { op: 'set', ...at, from: value, value: from },
          )
        }
        if (isPublished) await publish()
        if (back.length > 0) {
          const answer = await admin.call('PATCH', '/studio/draft', { ops: back })
          expect(answer.statusCode, answer.body).toBe(200)
        }
        if (isPublished && back.length > 0) await publish()
        expect((await admin.call('GET', '/studio/draft')).json()).toMatchObject({ changed: false })
        expect(await modelHash()).toBe(first)
      },
    ),
    { seed, numRuns },
  )
  expect(kept).toBeGreaterThan(numRuns)
})
