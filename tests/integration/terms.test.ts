import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** An entity that is called otherwise is called so everywhere: in one place set, in every text read. */
let app: TestApp
let clinic: Caller
let other: Caller

const name = (locale: string, ref: string, one: string, many: string) => {
  const [plugin, key] = ref.split(':')
  const path = ['locales', locale, 'messages']
  return [
    { op: 'set', path: [...path, `${plugin}:entities.${key}.label`], value: one },
    { op: 'set', path: [...path, `${plugin}:entities.${key}.labelPlural`], value: many },
  ]
}
const rename = (target: string, from: readonly string[], to: readonly string[]) => [
  { op: 'set', target, path: ['label'], from: from[0], value: to[0] },
  { op: 'set', target, path: ['labelPlural'], from: from[1], value: to[1] },
]

async function publish(caller: Caller, ops: readonly object[]): Promise<void> {
  const edited = await caller.call('PATCH', '/studio/draft', { ops })
  expect(edited.json()).toMatchObject({ changed: true })
  const { hash } = (await caller.call('POST', '/studio/plan')).json()
  const published = await caller.call('POST', '/studio/publish', { hash, message: 'Terms' })
  expect(published.statusCode).toBe(201)
}

/** Everything that is read by people and programs, one answer each. */
const answers = ['/model', '/actions', '/settings', '/openapi.json']

/** Members whose text somebody reads; others are keys, references and values. */
const readable = new Set(
  'label labelPlural title description help summary question tags x-words'.split(' '),
)

async function texts(caller: Caller, word: RegExp): Promise<string[]> {
  const found: string[] = []
  const walk = (value: unknown, path: string, isText: boolean): void => {
    if (typeof value === 'string') {
      if (isText && word.test(withoutIdentifiers(value))) found.push(`${path}: ${value}`)
    } else if (value && typeof value === 'object')
      for (const [key, inner] of Object.entries(value)) {
        // Items of a list, and what the values of a choice are called.
        const isAsAround = Array.isArray(value) || path.endsWith('.x-words')
        walk(inner, `${path}.${key}`, isAsAround ? isText : readable.has(key))
      }
  }
  for (const url of answers) walk((await caller.call('GET', url)).json(), url, false)
  return found
}

/** References, plurals in addresses, scopes and the words of standards stay whatever an entity is called. */
const withoutIdentifiers = (text: string) =>
  text
    .replaceAll(/\b[a-z.]+:[a-z_]+\b|\bMessage-ID\b|^An API key\.$/g, '')
    .replaceAll(/(plural or reference|reference or plural)[^.]*e\.g\.[^.]*\./gi, '')
    .replaceAll(
      /(Plural oder Referenz|Referenz oder Plural), z\. B\. [^.]*\.([a-z:]+[^.]*\.)?/g,
      '',
    )
    .replaceAll(/: leads, contacts, accounts or any other entity, by plural or reference/g, '')
    .replaceAll(/: leads, contacts, accounts oder ein anderes Objekt, nach Plural/g, '')

const labelOf = async (caller: Caller, list: string, ref: string) =>
  (await caller.call('GET', '/model'))
    .json<Record<string, { ref: string; label: string }[]>>()
    [list]!.find((one) => one.ref === ref)?.label

beforeAll(async () => {
  app = await startApp()
  clinic = await app.createOrg({ name: 'Clinic' })
  other = await app.createOrg({ name: 'Other' })
  await publish(clinic, [
    ...rename('crm.leads:lead', ['Lead', 'Leads'], ['Patient', 'Patients']),
    ...name('de', 'crm.leads:lead', 'Patientin', 'Patientinnen'),
  ])
})
afterAll(() => app?.stop())

describe('a renamed entity', () => {
  it('leaves its old name in no text, in either language', async () => {
    expect((await texts(other, /\bleads?\b/i)).length).toBeGreaterThan(50)
    expect(await texts(clinic, /\bleads?\b/i)).toEqual([])
    await clinic.call('PATCH', '/settings/org', { locale: 'de-DE' })
    expect(await texts(clinic, /\bleads?\b/i)).toEqual([])
    expect(await labelOf(clinic, 'pages', 'crm.leads:leads')).toBe('Patientinnen')
    expect(await labelOf(clinic, 'views', 'crm.leads:open')).toBe('Offene Patientinnen')
    await clinic.call('PATCH', '/settings/org', { locale: 'en' })
  })

  it('is called so in navigation, views, dashboards, actions and fields of others', async () => {
    expect(await labelOf(clinic, 'pages', 'crm.leads:leads')).toBe('Patients')
    expect(await labelOf(clinic, 'views', 'crm.leads:open')).toBe('Open patients')
    expect(await labelOf(clinic, 'actions', 'crm.insights:lead_source_report')).toBe(
      'Patient sources',
    )
    expect(await labelOf(other, 'views', 'crm.leads:open')).toBe('Open leads')
  })

  it('keeps its addresses, keys and references', async () => {
    const made = await clinic.call('POST', '/leads', { name: 'Ada' })
    expect(made.statusCode).toBe(201)
    expect(made.headers['location']).toBe(`/api/v1/leads/${made.json().id}`)
  })

  it('is called so in what errors say', async () => {
    const unknown = await clinic.call('POST', '/exports', {
      entity: 'leads',
      format: 'csv',
      columns: ['nothing'],
    })
    expect(unknown.json().detail).toBe('Patients have no field "nothing".')
    const { id } = (await clinic.call('POST', '/leads', { name: 'Eve' })).json()
    await clinic.call('PATCH', `/leads/${id}`, { status: 'converted' })
    const late = await clinic.call('POST', '/actions/crm.leads:qualify_lead', {
      input: { leadId: id },
    })
    expect(late.json()).toMatchObject({
      status: 409,
      detail: 'This patient was converted; there is nothing to qualify.',
    })
    const member = await clinic.call('POST', '/campaigns', { name: 'Spring' })
    const wrong = await clinic.call('POST', '/campaign-members', {
      campaignId: member.json().id,
      person: { entity: 'campaigns', id: member.json().id },
    })
    expect(wrong.json().detail).toBe('A member is a patient or a contact.')
  })

  it('may be named by an editor who saw the text with the terms in it', async () => {
    const view = { target: 'views/crm.leads:open', path: ['label'] }
    const stale = { op: 'set', ...view, from: 'Shut patients', value: 'Waiting' }
    expect((await clinic.call('PATCH', '/studio/draft', { ops: [stale] })).statusCode).toBe(409)
    const seen = { op: 'set', ...view, from: 'Open patients', value: 'Waiting {lead.plural}' }
    await publish(clinic, [seen])
    expect(await labelOf(clinic, 'views', 'crm.leads:open')).toBe('Waiting patients')
  })
})

describe('a reader with another language', () => {
  const ask = async (caller: Caller, url: string, language: string) =>
    (await caller.call('GET', url, undefined, { 'accept-language': language })).json()
  const named = (list: { ref: string; label: string }[], ref: string) =>
    list.find((one) => one.ref === ref)?.label

  it('has the words of the model in it, with the terms of that language', async () => {
    const model = await ask(clinic, '/model', 'de-AT,de;q=0.9,en;q=0.8')
    expect(named(model.pages, 'crm.leads:leads')).toBe('Patientinnen')
    expect(named(model.actions, 'crm.leads:convert_lead')).toBe('Umwandeln')
    expect(named(model.roles, 'platform.people:viewer')).toBe('Betrachter')
    const lead = model.entities.find((one: { ref: string }) => one.ref === 'crm.leads:lead')
    const field = (key: string) => lead.fields.find((one: { key: string }) => one.key === key)
    expect(field('source').label).toBe('Quelle')
    expect(field('source').options[0].label).toBe('Website')
    expect(field('source').options[1].label).toBe('Empfehlung')
    expect(field('createdAt').label).toBe('Erstellt')
    expect(model.org.locale).toBe('en')
    const { data: actions } = await ask(clinic, '/actions', 'de')
    const scored = actions.find((one: { ref: string }) => one.ref === 'crm.leads:score_lead')
    expect(scored.output.properties).toMatchObject({
      leadId: { title: 'Patientin', 'x-record': 'crm.leads:lead' },
      before: { title: 'Bewertung davor' },
    })
    const { groups } = await ask(clinic, '/settings', 'de')
    expect(named(groups, 'kernel:retention')).toBe('Aufbewahrung')
  })

  it('takes that of the organisation where there are no words in theirs', async () => {
    for (const language of ['fr-FR', '*', ''])
      expect(named((await ask(clinic, '/model', language)).pages, 'crm.leads:leads')).toBe(
        'Patients',
      )
    await other.call('PATCH', '/settings/org', { locale: 'de-DE' })
    expect(named((await ask(other, '/model', 'fr')).pages, 'crm.goals:goals')).toBe('Ziele')
    expect(named((await ask(other, '/model', 'en')).pages, 'crm.goals:goals')).toBe('Goals')
    await other.call('PATCH', '/settings/org', { locale: 'en' })
  })
})

describe('every entity', () => {
  it('can be renamed: no label says the old name', async () => {
    const org = await app.createOrg({ name: 'Renamed' })
    const entities = (await org.call('GET', '/model'))
      .json()
      .entities.filter((one: { plugin: string }) => one.plugin !== 'kernel') as {
      ref: string
      label: string
      labelPlural: string
    }[]
    expect(entities.length).toBeGreaterThan(25)
    await publish(
      org,
      entities.flatMap(({ ref, label, labelPlural }, i) =>
        rename(ref, [label, labelPlural], [`Zq${i}x`, `Zq${i}xs`]),
      ),
    )
    const words = entities.flatMap(({ label, labelPlural }) => [label, labelPlural]).join('|')
    const found = await texts(org, new RegExp(`\\b(${words})\\b`))
    expect(found).toEqual([])
  })
})

describe('every place in the texts of plugins', () => {
  it('names an entity, in each language', async () => {
    for (const locale of ['en', 'de-DE']) {
      await other.call('PATCH', '/settings/org', { locale })
      expect(await texts(other, /\{[^}"]*\}|undefined/)).toEqual([])
    }
  })
})
