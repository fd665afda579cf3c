import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

/** Where values came from, and fields in which what a person wrote stays. */
type Person = Awaited<ReturnType<TestApp['signUp']>>
let app: TestApp
let ada: Person
let integration: Caller

beforeAll(async () => {
  app = await startApp()
  ada = await app.signUp()
  integration = await app.createKey(ada.orgId)
  await ada.call('PATCH', '/studio/draft', {
    ops: ['keptText', 'freeText'].map((key) => ({
      op: 'set',
      path: ['fields', key],
      value: {
        entity: 'crm.leads:lead',
        field: { type: 'text', ...(key === 'keptText' ? { keep: 'person' } : {}) },
      },
    })),
  })
  const { hash } = (await ada.call('POST', '/studio/plan')).json()
  expect((await ada.call('POST', '/studio/publish', { hash })).statusCode).toBe(201)
})
afterAll(() => app.stop())

const create = async (caller: Caller, values: object): Promise<string> =>
  (await caller.call('POST', '/leads', values)).json().id
const origins = async (id: string) =>
  (await ada.call('GET', `/leads/${id}/provenance`)).json<{
    data: Record<string, { origin: string; actor: { name: string }; changeId: string | null }>
  }>().data

async function importLeads(csv: string): Promise<{ counts: Record<string, number> }> {
  const form = new FormData()
  const columns = { Email: 'email', Kept: 'keptText', Free: 'freeText', Name: 'name' }
  form.set(
    'spec',
    JSON.stringify({ entity: 'leads', columns, key: ['email'], onDuplicate: 'update' }),
  )
  form.set('file', new File([csv], 'leads.csv'))
  const request = new Request('http://localhost/', { method: 'POST', body: form })
  const made = await app.inject({
    method: 'POST',
    url: '/api/v1/imports',
    headers: { ...ada.headers, 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  })
  for (;;) {
    const run = (await ada.call('GET', `/imports/${made.json().id}`)).json()
    if (!['reading', 'running'].includes(run.status)) return run
    await sleep(50)
  }
}

describe('where a value came from', () => {
  it('is told per field: person, integration, import, with who, when and which change', async () => {
    const id = await create(ada, { name: 'Grace', email: 'grace@navy.test', title: 'Admiral' })
    await integration.call('PATCH', `/leads/${id}`, { title: 'Rear admiral', phone: '+4722334455' })
    const run = await importLeads('Email,Name,Kept,Free\ngrace@navy.test,Grace,,from a list\n')
    expect(run.counts).toMatchObject({ updated: 1, failed: 0 })
    const data = await origins(id)
    expect(data['name']!.origin).toBe('person')
    expect(data['title']!.origin).toBe('integration')
    expect(data['phone']!.origin).toBe('integration')
    expect(data['freeText']!.origin).toBe('import')
    expect(data).not.toHaveProperty('website')
    const change = await ada.call('GET', `/changes/${data['title']!.changeId}`)
    expect(change.json()).toMatchObject({ door: 'api', counts: { updated: 1 } })
  })

  it('is nobody’s business who may not read the record', async () => {
    const id = await create(ada, { name: 'Hidden' })
    const rep = await app.createKey(ada.orgId, { role: 'rep' })
    expect((await rep.call('GET', `/leads/${id}/provenance`)).statusCode).toBe(404)
    const missing = '01990000-0000-7000-8000-000000000000'
    expect((await ada.call('GET', `/leads/${missing}/provenance`)).statusCode).toBe(404)
  })
})

describe('a field that keeps what a person wrote', () => {
  it('refuses an integration and says why, and takes the rest of nothing', async () => {
    const id = await create(ada, { name: 'Kept', keptText: 'by hand', freeText: 'by hand' })
    const answer = await integration.call('PATCH', `/leads/${id}`, {
      keptText: 'by machine',
      freeText: 'by machine',
    })
    expect(answer.statusCode).toBe(403)
    expect(answer.json()).toMatchObject({ code: 'FIELD_NOT_WRITABLE', fields: ['keptText'] })
    expect((await ada.call('GET', `/leads/${id}`)).json()).toMatchObject({
      keptText: 'by hand',
      freeText: 'by hand',
    })
  })

  it('takes what an integration brings where nobody wrote, until somebody does', async () => {
    const id = await create(ada, { name: 'Blank' })
    const set = (value: string) => integration.call('PATCH', `/leads/${id}`, { keptText: value })
    expect((await set('first')).statusCode).toBe(200)
    expect((await set('second')).statusCode).toBe(200)
    expect((await ada.call('PATCH', `/leads/${id}`, { keptText: 'mine' })).statusCode).toBe(200)
    expect((await set('third')).statusCode).toBe(403)
    // A person who clears a value has said something too.
    expect((await ada.call('PATCH', `/leads/${id}`, { keptText: null })).statusCode).toBe(200)
    expect((await set('fourth')).statusCode).toBe(403)
  })

  it('is left out of an import, row by row, and the rest of the row comes in', async () => {
    const one = await create(ada, { name: 'One', email: 'one@kept.test', keptText: 'by hand' })
    const two = await create(integration, { name: 'Two', email: 'two@kept.test', keptText: 'x' })
    const run = await importLeads(
      'Email,Name,Kept,Free\none@kept.test,One,listed,listed\ntwo@kept.test,Two,listed,listed\n',
    )
    expect(run.counts).toMatchObject({ updated: 2, failed: 0 })
    expect((await ada.call('GET', `/leads/${one}`)).json()).toMatchObject({
      keptText: 'by hand',
      freeText: 'listed',
    })
    expect((await ada.call('GET', `/leads/${two}`)).json()).toMatchObject({ keptText: 'listed' })
  })

  it('does not stand in the way of taking a change back', async () => {
    const id = await create(ada, { name: 'Back', keptText: 'one' })
    await ada.call('PATCH', `/leads/${id}`, { keptText: 'two' })
    const { keptText } = await origins(id)
    const answer = await integration.call('POST', `/changes/${keptText!.changeId}/revert`, {})
    expect(answer.statusCode).toBe(200)
    expect((await ada.call('GET', `/leads/${id}`)).json().keptText).toBe('one')
  })
})
