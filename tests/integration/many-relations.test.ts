import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Projects lead to many contacts; an organisation's own object and own field lead to many as well. */
let app: TestApp
let org: Caller
let rep: Caller & { readonly userId: string }

beforeAll(async () => {
  app = await startApp({}, [path.resolve(import.meta.dirname, '../fixtures/links')])
  org = await app.signUp({ orgName: 'Links' })
  rep = await joinAs('platform.people:rep')
})
afterAll(() => app?.stop())

type Json = Readonly<Record<string, unknown>>
interface Entry extends Json {
  readonly id: string
  readonly version: number
}

const joinAs = (role: string) => joinOrg(app, org, role)

async function make(plural: string, fields: object, who: Caller = org): Promise<Entry> {
  const answer = await who.call('POST', `/${plural}`, fields)
  expect(answer.body && answer.statusCode).toBe(201)
  return answer.json<Entry>()
}
const contact = (lastName: string, fields: object = {}, who: Caller = org) =>
  make('contacts', { lastName, ...fields }, who)
const project = (contactIds: unknown, fields: object = {}, who: Caller = org) =>
  make('projects', { name: 'Bridge', contactIds, ...fields }, who)
async function read(url: string, who: Caller = org): Promise<Entry> {
  const answer = await who.call('GET', url)
  expect(answer.body && answer.statusCode).toBe(200)
  return answer.json<Entry>()
}
async function find(filter: object, who: Caller = org, plural = 'projects'): Promise<string[]> {
  const query = encodeURIComponent(JSON.stringify(filter))
  const answer = await who.call('GET', `/${plural}?filter=${query}&limit=200`)
  expect(answer.body && answer.statusCode).toBe(200)
  return answer.json<{ data: Entry[] }>().data.map(({ id }) => id)
}
const change = (id: string, fields: object, who: Caller = org) =>
  who.call('PATCH', `/projects/${id}`, fields)

describe('a field that leads to many records', () => {
  it('takes a whole list in its order, each record once, and gives none as an empty list', async () => {
    const [a, b] = [await contact('A'), await contact('B')]
    const made = await project([b.id, a.id, b.id])
    expect(made['contactIds']).toEqual([b.id, a.id])
    expect((await read(`/projects/${made.id}`))['contactIds']).toEqual([b.id, a.id])
    const changed = await change(made.id, { contactIds: [a.id] })
    expect(changed.json()).toMatchObject({ contactIds: [a.id], version: 2 })
    expect((await change(made.id, { contactIds: null })).json()).toMatchObject({ contactIds: [] })
    expect((await project(undefined))['contactIds']).toEqual([])
  })

  it('takes what to add and what to remove, and a change that changes nothing makes no version', async () => {
    const [a, b, c] = [await contact('A'), await contact('B'), await contact('C')]
    const { id } = await project([a.id, b.id])
    const added = await change(id, { contactIds: { add: [c.id], remove: [a.id] } })
    expect(added.json()).toMatchObject({ contactIds: [b.id, c.id], version: 2 })
    const same = await change(id, { contactIds: { add: [b.id], remove: [a.id] } })
    expect(same.json()).toMatchObject({ contactIds: [b.id, c.id], version: 2 })
    const whole = await change(id, { contactIds: [b.id, c.id] })
    expect(whole.json()).toMatchObject({ version: 2 })
  })

  it('keeps what two people add at the same time', async () => {
    const people = await Promise.all(['A', 'B', 'C', 'D', 'E', 'F'].map((name) => contact(name)))
    const { id } = await project([])
    const answers = await Promise.all(
      people.map((one) => change(id, { contactIds: { add: [one.id] } })),
    )
    expect(answers.map((answer) => answer.statusCode)).toEqual(people.map(() => 200))
    const ids = (await read(`/projects/${id}`))['contactIds'] as string[]
    expect([...ids].sort()).toEqual(people.map((one) => one.id).sort())
  })

  it('says what is wrong with a value, and saves nothing of it', async () => {
    const a = await contact('A')
    const { id } = await project([a.id])
    const codes = async (contactIds: unknown) => {
      const answer = await change(id, { contactIds })
      expect(answer.statusCode).toBe(422)
      return answer.json<{ errors: { path: string; code: string }[] }>().errors
    }
    const gone = '01a21472-aeb3-7521-befb-59aa9338c6cf'
    expect(await codes([a.id, gone])).toMatchObject([
      { path: 'contactIds.1', code: 'UNKNOWN_RECORD' },
    ])
    expect(await codes({ add: [gone] })).toMatchObject([
      { path: 'contactIds.add.0', code: 'UNKNOWN_RECORD' },
    ])
    expect(await codes(['x'])).toMatchObject([{ path: 'contactIds.0', code: 'BAD_FORMAT' }])
    expect(await codes('x')).toMatchObject([{ path: 'contactIds', code: 'WRONG_TYPE' }])
    expect(await codes({ put: [] })).toMatchObject([
      { path: 'contactIds.put', code: 'UNKNOWN_FIELD' },
    ])
    expect(await codes(Array.from({ length: 1001 }, (_, n) => uuidOf(n)))).toMatchObject([
      { path: 'contactIds', code: 'TOO_LONG' },
    ])
    expect(await read(`/projects/${id}`)).toMatchObject({ contactIds: [a.id], version: 1 })
  })

  it('holds 1,000 records and no more, also bit by bit', async () => {
    const create = Array.from({ length: 1000 }, (_, n) => ({ lastName: `Many ${n}` }))
    const { results } = (await org.call('POST', '/contacts/bulk', { create })).json<{
      results: { id: string }[]
    }>()
    const ids = results.map((one) => one.id)
    const { id } = await project(ids.slice(0, 999))
    expect((await change(id, { contactIds: { add: [ids[999]] } })).statusCode).toBe(200)
    const more = await contact('One too many')
    const refused = await change(id, { contactIds: { add: [more.id] } })
    expect(refused.json()).toMatchObject({ errors: [{ path: 'contactIds', code: 'TOO_LONG' }] })
    const seen = await read(`/projects/${id}?expand=contacts`)
    expect(seen['contactIds']).toEqual(ids)
    expect((seen['contacts'] as Entry[]).map((one) => one.id)).toEqual(ids.slice(0, 25))
  })

  it('may be required, and then is never left empty', async () => {
    const one = await project([])
    const without = await org.call('POST', '/task-forces', { name: 'T', projectIds: [] })
    expect(without.json()).toMatchObject({ errors: [{ path: 'projectIds', code: 'REQUIRED' }] })
    const force = await make('task-forces', { name: 'T', projectIds: [one.id] })
    const emptied = await org.call('PATCH', `/task-forces/${force.id}`, {
      projectIds: { remove: [one.id] },
    })
    expect(emptied.json()).toMatchObject({ errors: [{ path: 'projectIds', code: 'REQUIRED' }] })
  })
})

describe('reading', () => {
  it('expands to the records themselves, through one relation or several', async () => {
    const account = await make('accounts', { name: 'Acme' })
    const a = await contact('A', { accountId: account.id })
    const b = await contact('B')
    const one = await project([b.id, a.id])
    const force = await make('task-forces', { name: 'T', projectIds: [one.id], projectId: one.id })
    const seen = await read(`/projects/${one.id}?expand=contacts.account&fields=name`)
    expect(seen['contacts']).toMatchObject([
      { lastName: 'B', account: null },
      { lastName: 'A', account: { name: 'Acme' } },
    ])
    const url = `/task-forces?filter=${encodeURIComponent(`{"id":"${force.id}"}`)}&expand=projects.contacts,project.contacts`
    const { data } = (await org.call('GET', url)).json<{ data: Entry[] }>()
    expect(data).toMatchObject([
      {
        projects: [{ contacts: [{ lastName: 'B' }, { lastName: 'A' }] }],
        project: { contacts: [{ lastName: 'B' }, { lastName: 'A' }] },
      },
    ])
  })

  it('filters by any of them: by id, by their fields, by whether there are some', async () => {
    const a = await contact('Ångström', { email: 'any@links.test' })
    const b = await contact('Bohr')
    const both = await project([a.id, b.id], { name: 'Both' })
    const none = await project([], { name: 'None' })
    const force = await make('task-forces', { name: 'T', projectIds: [none.id, both.id] })
    const among = { id: { $in: [both.id, none.id] } }
    expect(await find({ contactIds: { $contains: a.id } })).toEqual([both.id])
    expect(await find({ 'contacts.email': 'any@links.test' })).toEqual([both.id])
    expect(await find({ 'contacts.lastName': { $startsWith: 'bo' }, ...among })).toEqual([both.id])
    expect(await find({ contactIds: { $exists: true }, ...among })).toEqual([both.id])
    expect(await find({ contactIds: { $exists: false }, ...among })).toEqual([none.id])
    expect(await find({ contactIds: null, ...among })).toEqual([none.id])
    expect(await find({ 'contacts.email': { $exists: false }, ...among })).toEqual([none.id])
    expect(await find({ $not: { contactIds: { $contains: a.id } }, ...among })).toEqual([none.id])
    expect(await find({ 'projects.contacts.email': 'any@links.test' }, org, 'task-forces')).toEqual(
      [force.id],
    )
    const count = await org.call('POST', '/projects/aggregate', {
      filter: { 'contacts.email': 'any@links.test' },
      measures: { n: { count: '*' } },
    })
    expect(count.json()).toEqual({ data: [{ n: 1 }] })
  })

  it('refuses what has no meaning for a list', async () => {
    const get = async (query: string) => (await org.call('GET', `/projects?${query}`)).json()
    expect(await get('sort=contactIds')).toMatchObject({ status: 400, code: 'BAD_SORT' })
    expect(await get('sort=contacts.lastName')).toMatchObject({ status: 400, code: 'BAD_SORT' })
    expect(await get('filter={"contactIds":{"$contains":"x"}}')).toMatchObject({
      status: 400,
      code: 'BAD_FILTER',
    })
    expect(await get('filter={"contactIds":{"$gt":"x"}}')).toMatchObject({ code: 'BAD_FILTER' })
    const sums = async (body: object) =>
      (await org.call('POST', '/projects/aggregate', body)).json()
    const measures = { n: { count: '*' } }
    for (const field of ['contactIds', 'contacts.lastName'])
      expect(await sums({ groupBy: [{ field }], measures })).toMatchObject({ status: 422 })
    expect(await sums({ measures: { n: { countDistinct: 'contactIds' } } })).toMatchObject({
      status: 422,
    })
  })

  it('takes @me in lists of members', async () => {
    const mine = await project([], { memberIds: [rep.userId], ownerId: rep.userId })
    expect(await find({ memberIds: { $contains: '@me' } }, rep)).toEqual([mine.id])
  })
})

describe('a record that is deleted', () => {
  it('is not shown in lists, and is back in its place when it is restored', async () => {
    const [a, b, c] = [await contact('A'), await contact('B'), await contact('C')]
    const { id } = await project([a.id, b.id, c.id])
    await org.call('DELETE', `/contacts/${b.id}`)
    expect(await read(`/projects/${id}`)).toMatchObject({ contactIds: [a.id, c.id], version: 1 })
    expect(await find({ contactIds: { $contains: b.id } })).toEqual([])
    expect((await change(id, { contactIds: { add: [b.id] } })).statusCode).toBe(422)
    const changed = await change(id, { contactIds: [a.id, c.id] })
    expect(changed.json()).toMatchObject({ contactIds: [a.id, c.id], version: 1 })
    await org.call('POST', `/contacts/${b.id}/restore`)
    expect((await read(`/projects/${id}`))['contactIds']).toEqual([a.id, b.id, c.id])
  })
})

describe('the past of a list', () => {
  it('is in the history, and can be taken back', async () => {
    const [a, b] = [await contact('A'), await contact('B')]
    const { id } = await project([a.id])
    await change(id, { contactIds: { add: [b.id] } })
    const { data } = (await org.call('GET', `/projects/${id}/history`)).json<{
      data: { changeId: string; fields: Json }[]
    }>()
    expect(data.map((entry) => entry.fields['contactIds'])).toEqual([
      { from: [a.id], to: [a.id, b.id] },
      { from: null, to: [a.id] },
    ])
    const revert = await org.call('POST', `/changes/${data[0]?.changeId}/revert`, {})
    expect(revert.json()).toMatchObject({ reverted: 1, conflicts: [] })
    expect((await read(`/projects/${id}`))['contactIds']).toEqual([a.id])
    expect(await find({ contactIds: { $contains: b.id } })).toEqual([])
    const again = await org.call('POST', `/changes/${data[0]?.changeId}/revert`, {})
    expect(again.json()).toMatchObject({ code: 'STATE_CONFLICT' })
  })

  it('names the field as a conflict when the list was changed since', async () => {
    const [a, b, c] = [await contact('A'), await contact('B'), await contact('C')]
    const { id } = await project([a.id])
    await change(id, { contactIds: [b.id] })
    const { data } = (await org.call('GET', `/projects/${id}/history`)).json<{
      data: { changeId: string }[]
    }>()
    await change(id, { contactIds: [c.id] })
    const revert = await org.call('POST', `/changes/${data[0]?.changeId}/revert`, {})
    expect(revert.json()).toMatchObject({
      code: 'CHANGE_CONFLICT',
      conflicts: [{ entity: 'projects', id, field: 'contactIds' }],
    })
  })
})

describe('what somebody may not see', () => {
  it('is in no list, no filter, no expansion, no count and no history, and stays when they write', async () => {
    const hidden = await contact('Hidden', { ownerId: await ownerOfOthers(), email: 'hid@x.test' })
    const mine = await contact('Mine', { ownerId: rep.userId })
    const { id } = await project([hidden.id, mine.id], { ownerId: rep.userId })
    const only = await project([hidden.id], { ownerId: rep.userId })
    expect((await read(`/projects/${id}`, rep))['contactIds']).toEqual([mine.id])
    expect((await read(`/projects/${only.id}?expand=contacts`, rep))['contacts']).toEqual([])
    expect(await find({ contactIds: { $contains: hidden.id } }, rep)).toEqual([])
    expect(await find({ 'contacts.email': 'hid@x.test' }, rep)).toEqual([])
    expect(await find({ contactIds: { $exists: true }, id: only.id }, rep)).toEqual([])
    expect((await rep.call('GET', `/projects/${id}/history`)).body).not.toContain(hidden.id)

    const added = await change(id, { contactIds: { add: [hidden.id] } }, rep)
    expect(added.json()).toMatchObject({ errors: [{ code: 'UNKNOWN_RECORD' }] })
    const emptied = await change(id, { contactIds: [] }, rep)
    expect(emptied.json()).toMatchObject({ contactIds: [] })
    expect((await read(`/projects/${id}`))['contactIds']).toEqual([hidden.id])
    await change(id, { contactIds: { remove: [hidden.id] } }, rep)
    expect((await read(`/projects/${id}`))['contactIds']).toEqual([hidden.id])
    const history = await rep.call('GET', `/projects/${id}/history`)
    expect(history.body).not.toContain(hidden.id)
    expect(history.body).toContain(mine.id)

    await change(id, { contactIds: { add: [mine.id] } }, rep)
    const last = (await rep.call('GET', `/projects/${id}/history`)).json<{
      data: { changeId: string }[]
    }>()
    await change(id, { contactIds: [] })
    const revert = await rep.call('POST', `/changes/${last.data[0]?.changeId}/revert`, {})
    expect(revert.body).not.toContain(hidden.id)
  })

  it('is not there at all for another organisation', async () => {
    const other = await app.createOrg()
    const a = await contact('A')
    const refused = await other.call('POST', '/projects', { name: 'P', contactIds: [a.id] })
    expect(refused.json()).toMatchObject({ errors: [{ code: 'UNKNOWN_RECORD' }] })
  })
})

describe('many at once', () => {
  it('works in bulk and in upserts, and one bad record spoils the whole', async () => {
    const [a, b] = [await contact('A'), await contact('B')]
    const made = await org.call('POST', '/projects/bulk', {
      create: [
        { name: 'One', contactIds: [a.id] },
        { name: 'Two', contactIds: { add: [a.id, b.id] } },
      ],
    })
    const [one, two] = made.json<{ results: { id: string }[] }>().results
    const answer = await org.call('POST', '/projects/bulk', {
      update: [
        { id: one?.id, contactIds: { add: [b.id] } },
        { id: two?.id, contactIds: { remove: [a.id] } },
      ],
    })
    expect(answer.statusCode).toBe(200)
    expect((await read(`/projects/${one?.id}`))['contactIds']).toEqual([a.id, b.id])
    expect((await read(`/projects/${two?.id}`))['contactIds']).toEqual([b.id])
    const bad = await org.call('POST', '/projects/bulk', {
      update: [
        { id: one?.id, contactIds: [] },
        { id: two?.id, contactIds: [uuidOf(1)] },
      ],
    })
    expect(bad.json()).toMatchObject({
      errors: [{ path: 'update[1].contactIds.0', code: 'UNKNOWN_RECORD' }],
    })
    expect((await read(`/projects/${one?.id}`))['contactIds']).toEqual([a.id, b.id])
  })
})

describe('an import', () => {
  it('finds the records that a cell names, with semicolons between them', async () => {
    const [a, b] = [await contact('Import One'), await contact('Import, Two')]
    const form = new FormData()
    const relation = { by: 'lastName' }
    const columns = { Name: 'name', People: { field: 'contactIds', relation } }
    form.set('spec', JSON.stringify({ entity: 'projects', columns }))
    const csv = 'Name,People\nImported,"Import, Two; Import One"\nWrong,Nobody\n'
    form.set('file', new File([csv], 'file.csv', { type: 'text/csv' }))
    const request = new Request('http://localhost', { method: 'POST', body: form })
    const started = await app.inject({
      method: 'POST',
      url: '/api/v1/imports',
      headers: { ...org.headers, 'content-type': request.headers.get('content-type') ?? '' },
      payload: Buffer.from(await request.arrayBuffer()),
    })
    expect(started.body && started.statusCode).toBe(202)
    const url = `/imports/${started.json<{ id: string }>().id}`
    await expect.poll(async () => (await read(url))['status'], { interval: 50 }).toBe('done')
    expect((await read(url))['counts']).toMatchObject({ created: 1, failed: 1 })
    const [id] = await find({ name: 'Imported' })
    expect((await read(`/projects/${id}`))['contactIds']).toEqual([b.id, a.id])
  })
})

describe('an object and a field of an organisation', () => {
  it('lead to many records like those of a plugin', async () => {
    const to = 'crm.contacts:contact'
    const fields = {
      title: { type: 'text', label: 'Title', required: true },
      guests: { type: 'relations', label: 'Guests', to },
    }
    const words = { label: 'Event', labelPlural: 'Events', plural: 'events', titleField: 'title' }
    const field = { type: 'relations', label: 'Speakers', to }
    const rollup = { from: 't:event', through: 'guests', measure: { count: '*' } }
    const visits = { type: 'rollup', label: 'Visits', rollup }
    const edited = await org.call('PATCH', '/studio/draft', {
      ops: [
        { op: 'set', path: ['entities', 'event'], value: { ...words, fields } },
        {
          op: 'set',
          path: ['fields', 'speakers'],
          value: { entity: 'test.projects:project', field },
        },
        { op: 'set', path: ['fields', 'visits'], value: { entity: to, field: visits } },
      ],
    })
    expect(edited.body && edited.statusCode).toBe(200)
    const { hash } = (await org.call('POST', '/studio/plan')).json<{ hash: string }>()
    const published = await org.call('POST', '/studio/publish', { hash, message: 'Events' })
    expect(published.statusCode).toBe(201)

    const [a, b] = [await contact('A', { email: 'guest@own.test' }), await contact('B')]
    const event = await make('events', { title: 'Fair', guestIds: [a.id, b.id] })
    expect(await find({ 'guests.email': 'guest@own.test' }, org, 'events')).toEqual([event.id])
    const second = await make('events', { title: 'Ball', guestIds: [b.id] })
    expect(await read(`/contacts/${b.id}`)).toMatchObject({ visits: 2 })
    expect(await find({ visits: 2 }, org, 'contacts')).toEqual([b.id])
    await org.call('DELETE', `/events/${second.id}`)
    expect(await read(`/contacts/${b.id}`)).toMatchObject({ visits: 1 })
    const less = await org.call('PATCH', `/events/${event.id}`, { guestIds: { remove: [a.id] } })
    expect(less.json()).toMatchObject({ guestIds: [b.id], version: 2 })
    expect(await find({ 'guests.email': 'guest@own.test' }, org, 'events')).toEqual([])
    expect((await read(`/events/${event.id}?expand=guests`))['guests']).toMatchObject([
      { lastName: 'B' },
    ])
    const one = await project([a.id], { speakerIds: [b.id] })
    expect(one).toMatchObject({ contactIds: [a.id], speakerIds: [b.id] })
    expect(await find({ speakerIds: { $contains: b.id } })).toEqual([one.id])
    expect((await change(one.id, { speakerIds: [] })).json()).toMatchObject({ speakerIds: [] })
    expect(await find({ speakerIds: { $contains: b.id } })).toEqual([])
  })
})

let stranger: string | null = null
/** Somebody who shares no team with the rep. */
async function ownerOfOthers(): Promise<string> {
  stranger ??= (await joinAs('platform.people:editor')).userId
  return stranger
}

function uuidOf(n: number): string {
  return `01a21472-aeb3-7521-befb-${String(n).padStart(12, '0')}`
}
