import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { joinOrg } from '../setup/join-org.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'

interface Run {
  readonly id: string
  readonly status: string
  readonly fileName: string
  readonly counts: { readonly rows: number; readonly matched: number }
  readonly url?: string
  readonly bytes?: number
  readonly problem?: string
}

let app: TestApp
let org: Caller
beforeAll(async () => {
  app = await startApp()
  org = await app.createOrg()
  const create = Array.from({ length: 450 }, (_, n) => ({
    name: `Lead ${String(n).padStart(3, '0')}`,
    score: n,
    status: n % 2 === 0 ? 'qualified' : 'new',
  }))
  const made = await org.call('POST', '/leads/bulk', { create })
  expect(made.statusCode).toBe(200)
})
afterAll(() => app.stop())

async function begin(caller: Caller, body: object): Promise<string> {
  const answer = await caller.call('POST', '/exports', body)
  expect(answer.statusCode, answer.body).toBe(202)
  return answer.json<{ id: string }>().id
}
async function finish(caller: Caller, id: string): Promise<Run> {
  for (let i = 0; i < 2_400; i++) {
    const run = (await caller.call('GET', `/exports/${id}`)).json<Run>()
    if (run.status !== 'running') return run
    await sleep(25)
  }
  throw new Error('The export does not end.')
}
async function exportOf(caller: Caller, body: object) {
  const run = await finish(caller, await begin(caller, body))
  expect(run).toMatchObject({ status: 'done' })
  const file = await caller.call('GET', run.url!)
  expect(file.statusCode).toBe(200)
  return { run, file }
}

describe('an export', () => {
  it('has the filter, the order and the columns of a view, over more than one page', async () => {
    const { run, file } = await exportOf(org, {
      entity: 'leads',
      format: 'csv',
      filter: { status: 'qualified' },
      sort: '-score',
      columns: ['name', 'status', 'score'],
      name: 'Best: leads / all',
      bom: true,
    })
    const lines = file.body.split('\r\n')
    expect(lines[0]).toBe('\ufeffName,Status,Score')
    expect(lines.slice(1, 3)).toEqual(['Lead 448,Qualified,448', 'Lead 446,Qualified,446'])
    expect(lines).toHaveLength(1 + 225 + 1)
    expect(run.counts).toEqual({ rows: 225, matched: 225 })
    expect(run.fileName).toMatch(/^Best leads all \d{4}-\d\d-\d\d\.csv$/)
    expect(file.headers['content-disposition']).toContain('attachment')
    expect(file.headers['content-type']).toContain('text/csv')
  })

  it('names what relations lead to, and leaves no formula behind', async () => {
    const account = (await org.call('POST', '/accounts', { name: '=cmd|calc' })).json<{
      id: string
    }>()
    const value = { amount: '1054.5', currency: 'EUR' }
    await org.call('POST', '/opportunities', { name: 'Deal', accountId: account.id, value })
    const { file } = await exportOf(org, {
      entity: 'crm.opportunities:opportunity',
      format: 'csv',
      columns: ['name', 'accountId', 'value', 'createdBy'],
    })
    const [, line = ''] = file.body.split('\r\n')
    expect(line).toBe("Deal,'=cmd|calc,1054.50,EUR,Test")
  })

  it('is read back by an import as it was', async () => {
    const { file } = await exportOf(org, {
      entity: 'leads',
      format: 'json',
      filter: { score: { $lt: 2 } },
      sort: 'score',
      columns: ['name', 'score'],
    })
    expect(file.json()).toEqual([
      { name: 'Lead 000', score: 0 },
      { name: 'Lead 001', score: 1 },
    ])
  })

  it('is a PDF with its pages numbered', async () => {
    const { run, file } = await exportOf(org, { entity: 'leads', format: 'pdf' })
    expect(file.rawPayload.subarray(0, 5).toString()).toBe('%PDF-')
    expect(file.headers['content-type']).toBe('application/pdf')
    expect(run.bytes).toBe(file.rawPayload.length)
    expect(
      file.rawPayload.toString('latin1').match(/\/Type \/Page\b(?!s)/g)!.length,
    ).toBeGreaterThan(8)
  })

  it('is refused before anything is written when it asks for what is not there', async () => {
    const refused = async (body: object, status: number, code: string) => {
      const answer = await org.call('POST', '/exports', body)
      expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([status, code])
    }
    await refused({ entity: 'nothing', format: 'csv' }, 422, 'INVALID')
    await refused({ entity: 'leads', format: 'xlsx' }, 422, 'INVALID')
    await refused({ entity: 'leads', format: 'csv', columns: ['nope'] }, 400, 'UNKNOWN_FIELD')
    await refused({ entity: 'leads', format: 'csv', filter: { nope: 1 } }, 400, 'UNKNOWN_FIELD')
    await refused({ entity: 'leads', format: 'csv', sort: 'a,b,c,d' }, 400, 'BAD_SORT')
    const all = (await org.call('GET', '/model')).json<{
      entities: { plural: string; fields: { apiName: string }[] }[]
    }>()
    const columns = all.entities
      .find(({ plural }) => plural === 'contacts')!
      .fields.map(({ apiName }) => apiName)
    if (columns.length > 24)
      await refused({ entity: 'contacts', format: 'pdf', columns }, 422, 'INVALID')
  })
})

describe('a reader with another language', () => {
  const german = (caller: Caller): Caller => ({
    ...caller,
    call: (method, path, body) =>
      caller.call(method, path, body, { 'accept-language': 'de-CH,de' }),
  })

  it('finds headings, options and the name of the file in it, and the keys of JSON as they are', async () => {
    const reader = german(org)
    const columns = ['name', 'status', 'createdAt']
    const filter = { score: { $lt: 2 } }
    const csv = await exportOf(reader, { entity: 'leads', format: 'csv', columns, filter })
    const [head, ...rows] = csv.file.body.split('\r\n')
    expect(head).toBe('Name,Status,Erstellt')
    expect(rows.flatMap((row) => row.split(',')[1] ?? []).sort()).toEqual(['Neu', 'Qualifiziert'])
    const value = { amount: '12.5', currency: 'EUR' }
    await org.call('POST', '/opportunities', { name: 'Boot', value })
    const money = { entity: 'opportunities', format: 'csv', columns: ['name', 'value'] }
    expect((await exportOf(reader, money)).file.body.split('\r\n')[0]).toBe(
      'Name,Wert,Wert (Währung)',
    )
    expect((await exportOf(org, money)).file.body.split('\r\n')[0]).toBe(
      'Name,Value,Value (currency)',
    )
    const { run, file } = await exportOf(reader, { entity: 'opportunities', format: 'json' })
    expect(run.fileName).toMatch(/^Verkaufschancen /)
    expect(Object.keys(file.json()[0])).toEqual(expect.arrayContaining(['name', 'value', 'stage']))
    const pdf = await exportOf(reader, { entity: 'leads', format: 'pdf', columns, filter })
    expect(pdf.file.rawPayload.toString('latin1')).toContain('/Lang (de)')
  })

  it('reads the file back: an import knows fields and options in the language of whoever brings it', async () => {
    const form = new FormData()
    form.set('spec', JSON.stringify({ entity: 'leads', dryRun: true }))
    const text = 'Name,Status,Bewertung\nRück,Qualifiziert,7\nWeg,contacted,8\n'
    form.set('file', new File([text], 'leads.csv', { type: 'text/csv' }))
    const request = new Request('http://localhost', { method: 'POST', body: form })
    const answer = await app.inject({
      method: 'POST',
      url: '/api/v1/imports',
      headers: {
        ...org.headers,
        'accept-language': 'de',
        'content-type': request.headers.get('content-type')!,
      },
      payload: Buffer.from(await request.arrayBuffer()),
    })
    expect(answer.statusCode, answer.body).toBe(202)
    const { id } = answer.json<{ id: string }>()
    const preview = await previewOf(id)
    expect(preview.problems).toEqual([])
    expect(preview.rows.map(({ values }) => values)).toEqual([
      expect.objectContaining({ name: 'Rück', status: 'qualified', score: 7 }),
      expect.objectContaining({ name: 'Weg', status: 'contacted', score: 8 }),
    ])
  })

  interface Preview {
    readonly rows: readonly { readonly values: Record<string, unknown> }[]
    readonly problems: readonly unknown[]
  }
  async function previewOf(id: string): Promise<Preview> {
    for (let i = 0; i < 2_400; i++) {
      const run = (await org.call('GET', `/imports/${id}`)).json<{ preview?: Preview | null }>()
      if (run.preview) return run.preview
      await sleep(25)
    }
    throw new Error('The dry run does not end.')
  }
})

describe('who may have it', () => {
  it('nobody without the right, whatever else they may', async () => {
    const reader = await app.createKey(org.orgId, { scopes: ['*:read', '*:write', 'import'] })
    const rep = await joinOrg(app, org, 'rep')
    const id = await begin(org, { entity: 'leads', format: 'csv' })
    await finish(org, id)
    for (const caller of [reader, rep]) {
      const answer = await caller.call('POST', '/exports', { entity: 'leads', format: 'csv' })
      expect(answer.statusCode).toBe(403)
      for (const path of ['', `/${id}`, `/${id}/content`])
        expect((await caller.call('GET', `/exports${path}`)).statusCode).toBe(403)
    }
  })

  it('a key with the right gets what its scopes let it read', async () => {
    const key = await app.createKey(org.orgId, { scopes: ['export', 'leads:read'] })
    await exportOf(key, { entity: 'leads', format: 'json', columns: ['name'] })
    const answer = await key.call('POST', '/exports', { entity: 'accounts', format: 'json' })
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([
      403,
      'SCOPE_MISSING',
    ])
  })

  it('its maker alone: no colleague, no admin, no other organisation', async () => {
    const [maker, colleague] = [
      await joinOrg(app, org, 'editor'),
      await joinOrg(app, org, 'editor'),
    ]
    const id = await begin(maker, { entity: 'leads', format: 'csv' })
    const run = await finish(maker, id)
    const stranger = await app.createOrg()
    const nobodys = await maker.call('GET', '/exports/01a21472-aeb3-7521-befb-59aa9338c6cf')
    for (const caller of [colleague, org, stranger]) {
      for (const path of ['', '/content'])
        expect((await caller.call('GET', `/exports/${id}${path}`)).statusCode).toBe(404)
      expect((await caller.call('POST', `/exports/${id}/cancel`, {})).statusCode).toBe(404)
      const list = (await caller.call('GET', '/exports')).json<{ data: Run[] }>().data
      expect(list.map((one) => one.id)).not.toContain(id)
      const theirs = (await caller.call('GET', `/exports/${id}`)).json<object>()
      expect({ ...theirs, requestId: '' }).toEqual({ ...nobodys.json<object>(), requestId: '' })
    }
    expect((await maker.call('GET', `/exports/${run.id}/content`)).statusCode).toBe(200)
  })

  it('what somebody may not read is in no file of theirs', async () => {
    const role = {
      label: 'Analyst',
      rules: {
        look: { operations: ['read'], entity: 'crm.leads:lead', condition: { score: { $lt: 10 } } },
        noNotes: {
          effect: 'deny',
          operations: ['read'],
          entity: 'crm.leads:lead',
          fields: ['company'],
        },
      },
      permissions: ['export'],
    }
    const ops = [{ op: 'set', path: ['roles', 'analyst'], value: role }]
    await org.call('PATCH', '/studio/draft', { ops })
    const { hash } = (await org.call('POST', '/studio/plan')).json<{ hash: string }>()
    await org.call('POST', '/studio/publish', { hash, message: 'Analysts' })
    const analyst = await app.createKey(org.orgId, { role: 't:analyst' })
    const { file } = await exportOf(analyst, { entity: 'leads', format: 'csv' })
    const lines = file.body.trim().split('\r\n')
    expect(lines).toHaveLength(1 + 10)
    expect(lines[0]).not.toContain('Company')
    const asked = { entity: 'leads', format: 'csv', columns: ['company'] }
    expect((await analyst.call('POST', '/exports', asked)).json<{ code: string }>().code).toBe(
      'UNKNOWN_FIELD',
    )
  })

  it('goes after its day, with its file', async () => {
    const caller = await app.createOrg()
    const { run } = await exportOf(caller, { entity: 'leads', format: 'csv' })
    const folder = path.join(app.config.dataDir, 'files', caller.orgId, 'platform.exports')
    expect(await readdir(folder)).toHaveLength(1)
    const admin = new pg.Client({ connectionString: app.database.adminUrl })
    await admin.connect()
    await admin.query(
      `update tenant.platform_exports_run set expires_at = now() - interval '1 second' where id = $1`,
      [run.id],
    )
    await admin.end()
    expect((await caller.call('GET', `/exports/${run.id}`)).statusCode).toBe(404)
    expect((await caller.call('GET', run.url!)).statusCode).toBe(404)
    const runAs = { type: 'system', id: 'system', userId: null, name: 'System' } as const
    await app.house.queue.enqueue(caller.orgId, [
      { plugin: 'platform.exports', job: 'expire', payload: {}, runAs },
    ])
    await expect.poll(() => readdir(folder)).toEqual([])
  })
})
