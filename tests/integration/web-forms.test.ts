import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import type { Json } from '../setup/workflows.ts'

/** What the public fills in, and what it cannot do. */
let app: TestApp
let org: Caller
let other: Caller
const plugin = 'platform.forms'
const body = {
  title: 'Talk to us',
  fields: {
    name: { order: 10, label: 'Your name' },
    email: { order: 20, required: true },
    notes: { order: 30 },
    source: { preset: 'web' },
  },
}

beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg({ name: 'Halden Docks' })
  other = await app.createOrg({ name: 'Other' })
  for (const who of [org, other]) await guard(who, { fastestSeconds: 0, mostPerVisitor: 500 })
})
afterAll(() => app?.stop())

async function ask(who: Caller, method: string, url: string, sent?: unknown): Promise<Json> {
  const answer = await who.call(method, url, sent)
  if (answer.statusCode >= 300) throw new Error(`${method} ${url}: ${answer.body}`)
  return answer.statusCode === 204 ? null : answer.json()
}
const guard = (who: Caller, values: object) =>
  ask(who, 'PATCH', `/settings/${plugin}:guard`, values)
const act = async (key: string, input: object, who = org): Promise<Json> =>
  (await ask(who, 'POST', `/actions/${plugin}:${key}`, { input })).output
const make = (more: object = {}, rest: object = {}, who = org): Promise<Json> =>
  act('save_form', { entity: 'leads', body: { ...body, ...more }, ...rest }, who)
const list = async (plural: string, filter: object, who = org): Promise<Json[]> =>
  (await ask(who, 'GET', `/${plural}?filter=${encodeURIComponent(JSON.stringify(filter))}`)).data

const pathOf = (url: string) => {
  const { pathname, search } = new URL(url, 'http://here')
  return `${pathname}${search}`
}
async function open(url: string, headers: Record<string, string> = {}) {
  const answer = await app.inject({
    method: 'GET',
    url: pathOf(url),
    headers: { accept: 'text/html', ...headers },
  })
  const action = /<form[^>]* action="([^"]+)"/.exec(answer.body)?.[1]?.replaceAll('&amp;', '&')
  const kept = [
    ...answer.body.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g),
  ].map(([, name, value]) => [name!, value!.replaceAll('&amp;', '&')] as const)
  return { ...answer, body: answer.body, action: action ?? '', kept: Object.fromEntries(kept) }
}
const send = (
  action: string,
  values: Record<string, string> | [string, string][] | string,
  headers: Record<string, string> = {},
) =>
  app.inject({
    method: 'POST',
    url: pathOf(action),
    headers: {
      accept: 'text/html',
      'content-type': 'application/x-www-form-urlencoded',
      ...headers,
    },
    payload: typeof values === 'string' ? values : new URLSearchParams(values).toString(),
  })
/** As a program that reads problems. */
const json = { accept: 'application/json' }

describe('a form', () => {
  it('makes a record that came from outside, with where it came from, once', async () => {
    const { url, id } = await make({ thanks: 'We call you.' })
    const page = await open(`${url}?utm_source=fair&utm_campaign=spring`, {
      referer: 'https://news.example/article',
    })
    expect(page.statusCode).toBe(200)
    expect(page.body).toContain('Your name')
    expect(page.body).not.toContain('name="source"')
    const filled = { ...page.kept, name: 'Ada 🚢 عدا', email: 'ADA@Dock.example', notes: 'a\r\nb' }
    const [first, second] = await Promise.all([
      send(page.action, filled),
      send(page.action, filled),
    ])
    expect([first.statusCode, second.statusCode]).toEqual([200, 200])
    expect(first.body).toContain('We call you.')
    expect((await send(page.action, filled)).statusCode).toBe(200)

    const leads = await list('leads', { email: 'ada@dock.example' })
    expect(leads).toMatchObject([
      {
        name: 'Ada 🚢 عدا',
        notes: 'a\nb',
        source: 'web',
        ownerId: null,
        createdBy: { id: plugin },
      },
    ])
    const [submission] = await list('form-submissions', { formId: id })
    expect(submission).toMatchObject({
      state: 'accepted',
      record: { entity: 'leads', id: leads[0].id },
      referrer: 'https://news.example/article',
      utmSource: 'fair',
      utmCampaign: 'spring',
      values: null,
    })
    expect(submission.page).toMatch(/\/forms\/at\//)
    const { data: values } = await ask(org, 'GET', `/leads/${leads[0].id}/provenance`)
    expect(values.email).toMatchObject({ origin: 'external', source: submission.page })
    const { data: changes } = await ask(org, 'GET', '/changes')
    expect(changes[0]).toMatchObject({ door: 'form', actor: { type: 'plugin', id: plugin } })
    expect(await ask(org, 'GET', `/web-forms/${id}`)).toMatchObject({ sent: 1 })
    expect((await ask(org, 'GET', '/forms')).data).toMatchObject([{ id, sent: 1, held: 0, url }])
  })

  it('lets nothing be written that is not on it, whatever is posted', async () => {
    const { url } = await make()
    const { action } = await open(url)
    const well = { name: 'Eve', email: 'eve@dock.example' }
    for (const name of [
      'ownerId',
      'score',
      'id',
      'createdBy',
      'source',
      '__proto__',
      'constructor',
    ]) {
      const answer = await send(action, { ...well, [name]: '1' }, json)
      expect([name, answer.statusCode]).toEqual([name, 422])
      expect(answer.json().errors).toMatchObject([{ path: name, code: 'UNKNOWN_FIELD' }])
    }
    const shown = await send(action, { ...well, score: '99' })
    expect([shown.statusCode, shown.body.includes('the form has changed')]).toEqual([422, true])
    expect(shown.body).toContain('value="Eve"')
    expect(await list('leads', { email: well.email })).toEqual([])
    const typed = await send(action, JSON.stringify(well), { 'content-type': 'application/json' })
    expect(typed.statusCode).toBe(415)
    expect((await send(action, `notes=${'x'.repeat(300_000)}`)).statusCode).toBe(413)
    expect((await send(action, 'name=%00&email=a')).statusCode).toBe(422)
    const long = { ...well, email: 'long@dock.example', notes: '😀'.repeat(5_000) }
    expect((await send(action, long)).statusCode).toBe(200)
    expect((await list('leads', { email: long.email }))[0].notes).toHaveLength(10_000)
  })

  it('says every problem at its field, in the language of the page, and keeps what was typed', async () => {
    const { url } = await make()
    const page = await open(`${url}?lang=de`)
    expect(page.body).toContain('<html lang="de" dir="ltr">')
    expect(page.body).toContain('* muss ausgefüllt werden.')
    const answer = await send(page.action, { name: '', email: 'nobody', notes: '<b>"ü' })
    expect(answer.statusCode).toBe(422)
    expect(answer.body).toContain('Bitte ausfüllen.')
    expect(answer.body).toContain('Eine E-Mail-Adresse sieht so aus')
    expect(answer.body).toContain('&lt;b&gt;&quot;ü')
    expect(answer.body).toMatch(/id="f1"[^>]*aria-describedby="f1p"[^>]*aria-invalid="true"/)
    const problem = await send(page.action, { email: 'nobody' }, json)
    expect(problem.json()).toMatchObject({
      code: 'INVALID',
      errors: [
        { path: 'name', code: 'REQUIRED' },
        { path: 'email', code: 'BAD_FORMAT' },
      ],
    })
    // The same page can still be sent.
    expect((await send(page.action, { name: 'Bo', email: 'bo@dock.example' })).statusCode).toBe(200)
    expect((await open(url, { 'accept-language': 'de-AT' })).body).toContain('lang="de"')
    expect((await open(url, { 'accept-language': 'xx' })).body).toContain('lang="en')
  })

  it('stands in pages of the sites that it names, and in no others', async () => {
    const plain = await open((await make()).url)
    expect(plain.headers['content-security-policy']).toContain("frame-ancestors 'none'")
    expect(plain.headers['content-security-policy']).toContain("form-action 'self';")
    expect(plain.headers['set-cookie']).toBeUndefined()
    const more = {
      embeddedIn: ['https://www.dock.example'],
      redirect: 'https://dock.example/thanks?a=1',
    }
    const { url, snippet } = await make(more)
    const around = 'https://www.dock.example/contact?utm_source=poster'
    const framed = await open(url, { referer: around, 'sec-fetch-dest': 'iframe' })
    const policy = String(framed.headers['content-security-policy'])
    expect(policy).toContain('frame-ancestors https://www.dock.example')
    expect(policy).toContain("form-action 'self' https://dock.example;")
    expect(policy).not.toContain('unsafe')
    expect(framed.headers['access-control-allow-origin']).toBeUndefined()
    const sent = await send(
      framed.action,
      { ...framed.kept, name: 'Cy', email: 'cy@dock.example' },
      { origin: 'https://www.dock.example', 'sec-fetch-site': 'cross-site' },
    )
    expect([sent.statusCode, sent.headers.location]).toEqual([303, more.redirect])
    const cyrillic = await open((await make({ redirect: 'https://dock.example/спасибо' })).url)
    const led = await send(cyrillic.action, { name: 'Di', email: 'di@dock.example' })
    const spelled = 'https://dock.example/%D1%81%D0%BF%D0%B0%D1%81%D0%B8%D0%B1%D0%BE'
    expect([led.statusCode, led.headers.location]).toEqual([303, spelled])
    const [submission] = await list('form-submissions', { utmSource: 'poster' })
    expect(submission).toMatchObject({ page: around, state: 'accepted' })
    const script = /<script async src="([^"]+)"/.exec(snippet)![1]!
    const served = await app.inject({ method: 'GET', url: pathOf(script) })
    expect(served.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cross-origin-resource-policy': 'cross-origin',
    })
  })

  it('is as unknown as any other address once it is off, deleted or forged', async () => {
    const { url, id } = await make()
    const page = await open(url)
    await act('save_form', { id, active: false })
    const off = await open(url)
    expect([off.statusCode, off.action]).toEqual([404, ''])
    const late = await send(page.action, { name: 'D', email: 'd@dock.example' })
    const forged = await open(`${url.slice(0, -3)}abc`)
    const wrongWay = await open(url.replace('/forms/at/', '/forms/send/'))
    for (const one of [late, forged, wrongWay]) {
      expect([one.statusCode, one.body]).toEqual([404, off.body])
    }
    await act('save_form', { id, active: true })
    expect((await open(url)).statusCode).toBe(200)
    expect((await open(page.action)).statusCode).toBe(200)
    await ask(org, 'DELETE', `/web-forms/${id}`)
    expect((await open(url)).body).toBe(off.body)
  })

  it('can be a contribution, of a plugin or of the studio, of an entity of one’s own too', async () => {
    const ops = [
      [
        'entities',
        'boat',
        {
          label: 'Boat',
          labelPlural: 'Boats',
          plural: 'boats',
          titleField: 'name',
          fields: {
            name: { type: 'text', label: 'Name', required: true },
            size: { type: 'multiSelect', label: 'Size', options: { small: {}, big: {} } },
            wet: { type: 'boolean', label: 'Wet' },
            lands: { type: 'dateTime', label: 'Lands' },
          },
        },
      ],
      [
        'forms',
        'boats',
        {
          entity: 't:boat',
          label: 'Your boat',
          fields: { name: {}, size: { order: 5 }, wet: { order: 6 }, lands: { order: 7 } },
        },
      ],
    ].map(([point, key, value]) => ({ op: 'set', path: [point, key], from: null, value }))
    await ask(org, 'PATCH', '/studio/draft', { ops })
    const { hash } = await ask(org, 'POST', '/studio/plan')
    await ask(org, 'POST', '/studio/publish', { hash, message: 'Boats' })
    const offered = async () =>
      (await ask(org, 'GET', '/forms')).data.find((one: Json) => one.id === 't:boats')
    const { url } = await offered()
    const page = await open(url)
    expect(page.body).toContain('<h1>Your boat</h1>')
    const never = { name: 'Sea cow', lands: '2026-99-99T99:99' }
    const refused = await send(page.action, never, json)
    expect(refused.json()).toMatchObject({ errors: [{ path: 'lands', code: 'BAD_FORMAT' }] })
    const answer = await send(page.action, [
      ['name', 'Sea cow'],
      ['size', 'small'],
      ['size', 'big'],
      ['wet', 'yes'],
    ])
    expect(answer.statusCode).toBe(200)
    expect(await list('boats', {})).toMatchObject([
      { name: 'Sea cow', size: ['small', 'big'], wet: true },
    ])
    expect(await offered()).toMatchObject({ sent: 1, url })
    expect((await ask(other, 'GET', '/forms')).data).toEqual([])
  })
})

describe('spam', () => {
  it('is held back with the reason, never lost, and let in by one action', async () => {
    const { url, id } = await make({ mostLinks: 1 })
    const well = (email: string) => ({ name: 'Sam', email })
    const trapped = await open(url)
    const answer = await send(trapped.action, {
      ...well('trap@x.example'),
      contact_url: 'http://x',
    })
    const links = { ...well('links@x.example'), notes: 'http://a.example www.b.example' }
    expect(answer.statusCode).toBe(200)
    await send((await open(url)).action, links)
    await guard(org, { fastestSeconds: 60 })
    await send((await open(url)).action, well('fast@x.example'))
    const wrong = await send((await open(url)).action, well('wrong'))
    expect(wrong.statusCode).toBe(422)
    await guard(org, { fastestSeconds: 0, mostPerVisitor: 3 })
    await send((await open(url)).action, well('many@x.example'))
    await guard(org, { mostPerVisitor: 500 })
    const held = await list('form-submissions', { formId: id })
    expect(held.map(({ reason }) => reason).sort()).toEqual([
      'links',
      'too_fast',
      'too_many',
      'trap',
    ])
    expect(await list('leads', { email: { $contains: '@x.example' } })).toEqual([])

    const one = held.find(({ reason }) => reason === 'links')
    expect(one.values).toMatchObject(links)
    const { id: leadId } = await act('accept', { id: one.id })
    const lead = await ask(org, 'GET', `/leads/${leadId}`)
    expect(lead).toMatchObject({ email: links.email, source: 'web' })
    const { data } = await ask(org, 'GET', `/leads/${leadId}/provenance`)
    expect(data.email).toMatchObject({ origin: 'external' })
    expect(await ask(org, 'GET', `/form-submissions/${one.id}`)).toMatchObject({
      state: 'accepted',
      values: null,
    })
    const twice = await org.call('POST', `/actions/${plugin}:accept`, { input: { id: one.id } })
    expect(twice.statusCode).toBe(409)
    const mallory = await app.createKey(org.orgId, { role: 'platform.people:viewer' })
    const theirs = { input: { id: held.find(({ reason }) => reason === 'trap').id } }
    expect((await mallory.call('POST', `/actions/${plugin}:accept`, theirs)).statusCode).toBe(403)
  })

  it('tells nobody outside whether a value is here already', async () => {
    const entity = 'opportunities'
    const form = { title: 'Deal', fields: { name: {}, externalId: {} } }
    const { url, id } = await act('save_form', { entity, body: form })
    const values = { name: 'Crane', externalId: 'X-1' }
    const [first, second] = [
      await send((await open(url)).action, values),
      await send((await open(url)).action, values),
    ]
    expect([second.statusCode, second.body]).toEqual([200, first.body])
    const [held] = await list('form-submissions', { formId: id, state: 'held' })
    expect(held).toMatchObject({ reason: 'taken', values })
    expect(
      (await org.call('POST', `/actions/${plugin}:accept`, { input: { id: held.id } })).statusCode,
    ).toBe(409)
  })
})

describe('what was held back', () => {
  it('goes when nobody let it in for a time that is set, and what was let in stays', async () => {
    const { url, id } = await make({ mostLinks: 0 })
    const links = (n: number) => ({ name: 'Ida', email: `ida${n}@x.example`, notes: 'http://a.b' })
    for (const n of [1, 2]) await send((await open(url)).action, links(n))
    const [first] = await list('form-submissions', { formId: id, state: 'held' })
    await act('accept', { id: first.id })
    const ctx = await app.house.contexts.system(org.orgId)
    const principal = { ...ctx.principal, type: 'plugin', id: plugin, name: plugin } as const
    const sweepIn = (days: number) => {
      const now = new Date(Date.now() + days * 86_400_000)
      return app.house.callHandler({ ...ctx, principal, now }, plugin, 'sweep', null)
    }
    const left = async () =>
      (await list('form-submissions', { formId: id })).map(({ state }) => state).sort()
    await guard(org, { heldDays: 0 })
    await sweepIn(5_000)
    await guard(org, { heldDays: 30 })
    await sweepIn(29)
    expect(await left()).toEqual(['accepted', 'held'])
    await sweepIn(31)
    expect(await left()).toEqual(['accepted'])
  })
})

describe('what a form leads to', () => {
  it('keeps consent as proof, and asks for it where it must', async () => {
    const text = 'Send me the newsletter.'
    const { url } = await make({ consent: { text, purpose: 'newsletter', required: true } })
    const page = await open(url)
    const filled = { ...page.kept, name: 'Cleo', email: 'cleo@dock.example' }
    const without = await send(page.action, filled)
    expect([without.statusCode, without.body.includes('Please agree first.')]).toEqual([422, true])
    // A box that is empty or says no was not ticked.
    for (const _consent of ['', 'no'])
      expect((await send(page.action, { ...filled, _consent })).statusCode).toBe(422)
    expect((await send(page.action, { ...filled, _consent: 'yes' })).statusCode).toBe(200)
    const [consent] = await list('consents', { email: filled.email })
    expect(consent).toMatchObject({ state: 'given', source: 'form' })
    expect(consent.proof).toContain(text)
    expect(consent.proof).toContain('/forms/at/')
  })

  it('starts workflows, by its own event', async () => {
    const { url } = await make()
    await send((await open(url)).action, { name: 'Flo', email: 'flo@dock.example' })
    const { rows } = await app.house.db.query<Json>(org.orgId, {
      text: `select payload from tenant.outbox where org_id = $1 and event = '${plugin}:submitted' order by id desc limit 1`,
      values: [org.orgId],
    })
    expect(rows[0].payload).toMatchObject({ name: 'Talk to us', entity: 'crm.leads:lead' })
  })
})

describe('who makes one', () => {
  it('learns everything that cannot be, at once, and must be an admin', async () => {
    const bad = {
      ...body,
      redirect: 'https://user:pw@x.example',
      embeddedIn: ['https://x.example/path'],
      consent: { text: 'Yes', purpose: 'magic' },
      fields: { email: {}, campaignId: {}, createdAt: { preset: 'x' }, nothing: {} },
    }
    const input = { entity: 'leads', body: bad }
    const answer = await org.call('POST', `/actions/${plugin}:save_form`, { input })
    const { errors } = answer.json<{ errors: { path: string }[] }>()
    expect(errors.map(({ path }) => path).sort()).toEqual([
      'input.body.consent.purpose',
      'input.body.embeddedIn.0',
      'input.body.fields.campaignId',
      'input.body.fields.createdAt',
      'input.body.fields.name',
      'input.body.fields.nothing',
      'input.body.redirect',
    ])
    const editor = await app.createKey(org.orgId, { role: 'platform.people:editor' })
    const theirs = await editor.call('POST', `/actions/${plugin}:save_form`, {
      input: { entity: 'leads', body },
    })
    expect(theirs.statusCode).toBe(403)
    const { id } = await make()
    expect((await editor.call('PATCH', `/web-forms/${id}`, { body })).statusCode).toBe(422)
    for (const entity of ['users', 'web-forms', 'nothing']) {
      const one = await org.call('POST', `/actions/${plugin}:save_form`, {
        input: { entity, body },
      })
      expect([entity, one.statusCode]).toEqual([entity, 422])
    }
  })

  it('is not written over by who read it before somebody else changed it', async () => {
    const { id } = await make()
    const read = (await ask(org, 'GET', '/forms')).data.find((one: Json) => one.id === id)
    const { version } = await act('save_form', { id, version: read.version, name: 'Ours' })
    const late = await org.call('POST', `/actions/${plugin}:save_form`, {
      input: { id, version: read.version, name: 'Theirs' },
    })
    expect([late.statusCode, late.json().code]).toEqual([412, 'STALE_VERSION'])
    expect(await ask(org, 'GET', `/web-forms/${id}`)).toMatchObject({ version, name: 'Ours' })
  })

  it('reaches no other organisation', async () => {
    const { url, id } = await make()
    const email = 'only@dock.example'
    await send((await open(url)).action, { name: 'Only', email })
    expect(await list('leads', { email }, other)).toEqual([])
    expect(await list('form-submissions', {}, other)).toEqual([])
    for (const [key, input] of [
      ['address', { form: id }],
      ['save_form', { id, active: false }],
    ] as const) {
      const answer = await other.call('POST', `/actions/${plugin}:${key}`, { input })
      expect(answer.statusCode).toBeGreaterThanOrEqual(404)
    }
    expect((await open(url)).statusCode).toBe(200)
  })
})
