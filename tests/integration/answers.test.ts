import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

interface Schema {
  readonly type?: string | readonly string[]
  readonly title?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: Schema | boolean
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly format?: string
  readonly 'x-words'?: Readonly<Record<string, string>>
  readonly [keyword: `x-${string}`]: unknown
}
interface Action {
  readonly ref: string
  readonly risk: string
  readonly input: Schema
  readonly output: Schema
  readonly on?: { readonly entity: string; readonly as: string }
}
/** A text of an answer that no schema says anything about, and where it stands. */
interface Told {
  readonly place: string
  readonly text: string
}

let app: TestApp
let admin: Caller
let actions: readonly Action[]
let records: ReadonlyMap<string, readonly string[]>
/** What stands in records is whoever wrote it's own, in whatever language. */
const written = new Set<string>()

beforeAll(async () => {
  app = await startApp()
  admin = await app.createOrg({ name: 'Halden Docks', sampleData: true })
  const listed = await admin.call('GET', '/actions')
  actions = listed.json<{ data: readonly Action[] }>().data
  const model = await admin.call('GET', '/model')
  const { entities } = model.json<{
    entities: readonly { ref: string; plural: string; can: { read: boolean } }[]
  }>()
  const found = new Map<string, readonly string[]>()
  for (const { ref, plural, can } of entities) {
    if (!can.read) continue
    const page = await admin.call('GET', `/${plural}?limit=200&sort=createdAt`)
    const { data = [] } = page.json<{ data?: readonly { id: string }[] }>()
    found.set(
      ref,
      data.map(({ id }) => id),
    )
    for (const record of data)
      for (const value of Object.values(record)) if (isSentence(value)) written.add(value)
  }
  records = found
})
afterAll(() => app?.stop())

describe('what actions answer', () => {
  it('reads in English and in German', async () => {
    const reports = actions.filter(({ risk }) => risk === 'read')
    const ran: string[] = []
    const same: string[] = []
    for (const action of reports)
      for (const input of inputsFor(action, 6)) {
        const [german, english] = await inBoth(action, input)
        expect([german.status, english.status], `${action.ref} ${german.text}`).toEqual([200, 200])
        ran.push(action.ref)
        same.push(...sameIn(action, german.output, english.output))
      }
    expect([...new Set(ran)].length).toBeGreaterThanOrEqual(12)
    expect(same).toEqual([])
  })

  it('reads so too after deeds that need a record alone', async () => {
    const deeds = actions.filter(({ risk, on }) => risk === 'write' && on)
    const same: string[] = []
    const ran: string[] = []
    for (const action of deeds)
      for (const input of inputsFor(action, 25)) {
        const [german, english] = await inBoth(action, input)
        // Some deeds are done once, and some are for records that are in some state.
        if (german.status !== 200 || english.status !== 200) continue
        ran.push(action.ref)
        same.push(...sameIn(action, german.output, english.output))
        break
      }
    expect(ran).toContain('crm.leads:qualify_lead')
    expect(ran).toContain('crm.tickets:draft_reply')
    expect(same).toEqual([])
  })

  it('says in words of the reader whether somebody may be written to', async () => {
    const check = actions.find(({ ref }) => ref === 'crm.consent:check_consent')!
    const list = async (plural: string) =>
      (await admin.call('GET', `/${plural}?limit=20`)).json<{
        data: readonly Readonly<Record<'id' | 'key' | 'purposeId' | 'email', string>>[]
      }>().data
    const consents = await list('consents')
    const states = new Set<unknown>()
    for (const { id, key } of await list('consent-purposes')) {
      const known = consents.filter(({ purposeId }) => purposeId === id).map(({ email }) => email)
      for (const email of [...known, 'nobody@halden.example']) {
        const [german, english] = await inBoth(check, { purpose: key, email })
        expect([german.status, english.status]).toEqual([200, 200])
        expect(sameIn(check, german.output, english.output)).toEqual([])
        states.add((english.output as { state: string }).state)
      }
    }
    expect([...states].sort()).toEqual(['given', 'none', 'withdrawn'])
  })

  it('keeps what everybody reads in the language of the organisation', async () => {
    await admin.call('PATCH', '/settings/org', { locale: 'de-DE' })
    const open = encodeURIComponent(JSON.stringify({ status: { $nin: ['resolved', 'closed'] } }))
    const tickets = await admin.call('GET', `/tickets?limit=1&filter=${open}`)
    const ticketId = tickets.json<{ data: readonly { id: string }[] }>().data[0]!.id
    const english = { 'accept-language': 'en' }
    const run = async (action: string, input: object, headers = {}) =>
      (await admin.call('POST', `/actions/${action}`, { input }, headers)).json().output
    const draft = await run('crm.tickets:draft_reply', { ticketId }, english)
    expect(draft.note).toContain('No AI is configured')
    expect(draft.text).toMatch(/^Hallo .*\n\ndanke, dass Sie/)
    expect(draft.text).toContain('Mit freundlichen Grüßen')
    const days = { from: '2026-01-01', to: '2026-01-31' }
    const goal = { measure: 'won_value', target: 1, ...days }
    expect((await run('crm.goals:set_goal', goal, english)).name).toBe('Gewonnener Wert')
    // Workflows and whoever names no language are answered in the organisation's too.
    const report = await run('crm.insights:generate_executive_dashboard', {})
    expect(report.summary[0]).toMatch(/^(Gewonnene Verkaufschancen: |Keine Verkaufschancen)/)
  })
})

/** None where something is needed that nobody can guess; several where there is a choice. */
function inputsFor({ input, on }: Action, most: number): readonly object[] {
  let inputs: readonly object[] = [{}]
  const names = new Set([...(input.required ?? []), ...(on ? [on.as] : [])])
  for (const name of names) {
    const values = valuesFor(input.properties?.[name] ?? {}, on?.as === name ? on.entity : null)
    inputs = inputs.flatMap((one) =>
      values.slice(0, most).map((value) => ({ ...one, [name]: value })),
    )
  }
  return inputs
}

function valuesFor(schema: Schema, entity: string | null): readonly unknown[] {
  const ref = entity ?? schema['x-record']
  if (typeof ref === 'string') return records.get(ref) ?? []
  if (schema['x-reference'] === 'entities') return ['crm.leads:lead']
  // A period or the like: one that takes nothing further.
  return (schema.enum ?? []).filter((value) => value !== 'custom')
}

async function inBoth(action: Action, input: object) {
  const run = async (language: string) => {
    const headers = { 'accept-language': language }
    const answer = await admin.call('POST', `/actions/${action.ref}`, { input }, headers)
    const { output } = answer.json<{ output?: unknown }>()
    return { status: answer.statusCode, text: answer.body, output }
  }
  return [await run('de'), await run('en')] as const
}

/** Sentences that say the same in both languages, and keywords without words. */
function sameIn({ ref, output }: Action, german: unknown, english: unknown): readonly string[] {
  const other = new Map(textsIn(german, output, '').map(({ place, text }) => [place, text]))
  return textsIn(english, output, '')
    .filter(({ text }) => (isSentence(text) && !written.has(text)) || isKeyword(text))
    .filter(({ place, text }) => other.get(place) === text && !isAllowed(`${ref} ${place}`))
    .map(({ place, text }) => `${ref} ${place}: ${text}`)
}

const isSentence = (value: unknown): value is string =>
  typeof value === 'string' && value.trim().includes(' ')

/** `last_quarter`: what code reads and people should not. */
const isKeyword = (text: string) => /^[a-z]+(_[a-z]+)*$/.test(text)

/** What code goes on with and nobody translates; places by what they begin with, all of a list at once. */
const allowed: readonly string[] = [
  // Their labels stand beside them, in words.
  'crm.insights:revenue_by_segment segments[].key',
  'crm.leads:score_lead reasons[].criterion',
  'crm.leads:score_lead missed[].criterion',
  'crm.leads:qualify_lead reasons[].criterion',
  'crm.leads:qualify_lead missing[].criterion',
  // The condition as it was built.
  'crm.segments:segment_members filter.',
]
const isAllowed = (place: string) =>
  allowed.some((one) => place.replaceAll(/\[\d+\]/g, '[]').startsWith(one))

function textsIn(value: unknown, schema: Schema, place: string): readonly Told[] {
  const isKnown =
    ['x-field', 'x-record', 'x-reference', 'x-words'].some((name) => schema[name as 'x-f']) ||
    schema.format !== undefined
  if (isKnown && typeof value !== 'object') return []
  if (typeof value === 'string') return [{ place, text: value }]
  if (Array.isArray(value))
    return value.flatMap((one, index) =>
      textsIn(one, isKnown ? schema : (schema.items ?? {}), `${place}[${index}]`),
    )
  if (typeof value !== 'object' || value === null || isKnown) return []
  return Object.entries(value).flatMap(([name, inner]) =>
    textsIn(inner, memberOf(schema, name), place ? `${place}.${name}` : name),
  )
}

function memberOf(schema: Schema, name: string): Schema {
  const { properties, additionalProperties: more } = schema
  return properties?.[name] ?? (typeof more === 'object' ? more : {})
}
