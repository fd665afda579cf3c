import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pipelineFiles } from '../setup/pipeline-files.ts'
import { type Caller, startApp, type TestApp } from '../setup/test-app.ts'
import { step, trigger, workflowsOf } from '../setup/workflows.ts'

interface Run {
  readonly id: string
  readonly status: string
  readonly counts: {
    rows: number
    created: number
    updated: number
    skipped: number
    failed: number
  }
  readonly changeSetId?: string
  readonly errorsUrl?: string
  readonly preview?: {
    columns: Record<string, unknown>
    rows: { values: Record<string, unknown> }[]
    problems: unknown[]
  }
}

let app: TestApp
beforeAll(async () => {
  app = await startApp()
})
afterAll(() => app.stop())

const example = (name: string) =>
  JSON.parse(
    readFileSync(
      new URL(`../../plugins/platform/imports/examples/maven-${name}.json`, import.meta.url),
      'utf8',
    ),
  ) as Record<string, unknown>

async function upload(caller: Caller, file: string | Buffer, spec: unknown, name = 'file.csv') {
  const form = new FormData()
  form.set('spec', typeof spec === 'string' ? spec : JSON.stringify(spec))
  const part = typeof file === 'string' ? file : new Uint8Array(file)
  form.set('file', new File([part], name, { type: 'text/csv' }))
  const request = new Request('http://localhost', { method: 'POST', body: form })
  return app.inject({
    method: 'POST',
    url: '/api/v1/imports',
    headers: { ...caller.headers, 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  })
}

async function finish(caller: Caller, id: string): Promise<Run> {
  for (let i = 0; i < 1_200; i++) {
    const run = (await caller.call('GET', `/imports/${id}`)).json<Run>()
    if (!['reading', 'running'].includes(run.status)) return run
    await sleep(50)
  }
  throw new Error('The import does not end.')
}

async function importAll(caller: Caller, file: string | Buffer, spec: unknown): Promise<Run> {
  const answer = await upload(caller, file, spec)
  expect(answer.statusCode, answer.body).toBe(202)
  return finish(caller, answer.json<{ id: string }>().id)
}

async function count(caller: Caller, plural: string, filter = {}): Promise<number> {
  const answer = await caller.call(
    'GET',
    `/${plural}?limit=1&count=exact&filter=${encodeURIComponent(JSON.stringify(filter))}`,
  )
  return answer.json<{ page: { count: number } }>().page.count
}

describe('importing a sales pipeline', () => {
  const files = pipelineFiles(600)
  let org: Caller
  let opportunities: Run

  beforeAll(async () => {
    org = await app.createOrg({ name: 'Hardware Inc.' })
    for (const name of ['accounts', 'products', 'people'] as const) {
      const run = await importAll(org, files[name], example(name))
      expect(run).toMatchObject({ status: 'done', counts: { failed: 0 } })
    }
    opportunities = await importAll(org, files.opportunities, example('opportunities'))
  })

  it('brings in every account once, with its parent and the spelling mended', async () => {
    expect(await count(org, 'accounts')).toBe(files.facts.accounts)
    expect(await count(org, 'accounts', { parentId: { $exists: true } })).toBe(files.facts.children)
    expect(await count(org, 'accounts', { industry: 'technolgy' })).toBe(0)
    expect(await count(org, 'accounts', { industry: 'technology' })).toBeGreaterThan(0)
  })

  it('makes members without sign-in, with manager and office', async () => {
    expect(await count(org, 'offices')).toBe(files.facts.offices)
    // The admin who made the organisation is a member too.
    expect(await count(org, 'users')).toBe(files.facts.people + 1)
    expect(await count(org, 'users', { managerId: { $exists: true } })).toBe(9)
  })

  it('imports every opportunity with person and product, and the account where there is one', async () => {
    expect(opportunities).toMatchObject({
      status: 'done',
      counts: { rows: 600, created: 600, failed: 0 },
    })
    expect(
      await count(org, 'opportunities', {
        ownerId: { $exists: true },
        productId: { $exists: true },
      }),
    ).toBe(600)
    expect(await count(org, 'opportunities', { accountId: { $exists: true } })).toBe(
      files.facts.withAccount,
    )
    for (const [stage, number] of Object.entries(files.facts.byStage))
      expect(await count(org, 'opportunities', { stage })).toBe(number)
    const answer = await org.call('POST', '/opportunities/aggregate', {
      filter: { stage: 'won' },
      measures: { total: { sum: 'value' } },
    })
    expect(answer.json<{ data: { total: { amount: string }[] }[] }>().data[0]!.total).toEqual([
      { amount: `${files.facts.wonValue}.00`, currency: 'USD' },
    ])
  })

  it('changes nothing when the same file comes again', async () => {
    const again = await importAll(org, files.opportunities, example('opportunities'))
    expect(again.counts).toMatchObject({ created: 0, updated: 0, skipped: 600, failed: 0 })
  })

  it('is one change set of many batches that can be reverted', async () => {
    const answer = await org.call('POST', `/changes/${opportunities.changeSetId}/revert`, {})
    expect(answer.statusCode, answer.body).toBe(200)
    expect(answer.json()).toMatchObject({ reverted: 600, skipped: 0, conflicts: [] })
    expect(await count(org, 'opportunities')).toBe(0)
  })
})

describe('an import and workflows', () => {
  it('go together when the import says so, and otherwise not', async () => {
    const admin = await app.createOrg({ name: 'Acme' })
    const flows = workflowsOf(admin)
    await flows.publish({
      greet: {
        label: 'Greet',
        entity: 'crm.leads:lead',
        triggers: {
          created: trigger('record-created'),
          changed: trigger('record-updated', { fields: ['name'] }),
        },
        start: 'greet',
        steps: { greet: step('update-record', { values: { notes: 'Hello' } }) },
      },
    })
    const columns = { Name: 'name', Mail: 'email' }
    const spec = (more: object) => ({ entity: 'leads', columns, key: ['email'], ...more })
    const file = (from: number) =>
      ['Name,Mail', ...[0, 1, 2].map((n) => `L ${n},l${from + n}@x.example`)].join('\n')
    expect((await importAll(admin, file(0), spec({}))).counts.created).toBe(3)
    expect((await importAll(admin, file(3), spec({ workflows: 'skip' }))).counts.created).toBe(3)
    expect((await importAll(admin, file(6), spec({ workflows: 'run' }))).counts.created).toBe(3)
    // Those of the last one come after all that was before them.
    await expect
      .poll(async () => (await flows.runs({ workflow: 't:greet', status: 'done' })).length)
      .toBe(3)
    expect((await flows.runs()).length).toBe(3)
    const { data } = await flows.ask('GET', '/leads?limit=50&sort=email')
    expect(data.map(({ notes }: { notes: string | null }) => notes)).toEqual([
      ...Array(6).fill(null),
      ...Array(3).fill('Hello'),
    ])
    // An update is none of a record that stays as it is.
    await importAll(admin, file(6), spec({ workflows: 'run' }))
    expect((await flows.runs()).length).toBe(3)
  })
})

describe('an import with faults', () => {
  let org: Caller
  beforeAll(async () => {
    org = await app.createOrg()
  })

  it('lets a bad row fail alone and names it in the error file', async () => {
    const run = await importAll(
      org,
      'Name,Score,Status\nAda,80,new\nBo,many,new\n,5,new\nCy,7,=cmd()\nDee,9,new\n',
      { entity: 'leads', columns: { Name: 'name', Score: 'score', Status: 'status' }, key: [] },
    )
    expect(run).toMatchObject({ status: 'done', counts: { rows: 5, created: 2, failed: 3 } })
    const file = await org.call('GET', run.errorsUrl!)
    const lines = file.body.trim().split('\r\n')
    expect(lines[0]).toBe('line,column,value,code,message')
    expect(lines.slice(1).map((line) => line.split(',').slice(0, 4))).toEqual([
      ['3', 'Score', 'many', 'WRONG_TYPE'],
      ['4', 'Name', '', 'REQUIRED'],
      ['5', 'Status', "'=cmd()", 'UNKNOWN_OPTION'],
    ])
  })

  it('lists the columns that nobody named', async () => {
    const answer = await upload(org, 'Name,Shoe size\nAda,38\n', {
      entity: 'leads',
      columns: { Name: 'name' },
      key: [],
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({
      code: 'INVALID',
      errors: [{ path: 'spec.columns.Shoe size' }],
    })
  })

  it('guesses columns in a dry run, writes nothing, and starts when told to', async () => {
    const before = await count(org, 'leads')
    const answer = await upload(org, 'Name,E-mail\nEve,eve@x.test\nFay,not an address\n', {
      entity: 'leads',
      columns: {},
      key: [],
      dryRun: true,
    })
    const run = await finish(org, answer.json<{ id: string }>().id)
    expect(run).toMatchObject({ status: 'waiting', counts: { rows: 2, created: 1, failed: 1 } })
    expect(run.preview!.columns).toMatchObject({
      Name: { field: 'name' },
      'E-mail': { field: 'email' },
    })
    expect(await count(org, 'leads')).toBe(before)
    const started = await org.call('POST', `/imports/${run.id}/start`, {
      columns: { 'E-mail': null },
    })
    expect(started.statusCode).toBe(202)
    expect(await finish(org, run.id)).toMatchObject({
      status: 'done',
      counts: { created: 2, failed: 0 },
    })
    expect(await count(org, 'leads')).toBe(before + 2)
  })

  it('finds two records for one name ambiguous', async () => {
    for (let i = 0; i < 2; i++) await org.call('POST', '/accounts', { name: 'Twin' })
    const run = await importAll(org, 'last,company\nLee,Twin\nMay,Nobody\n', {
      entity: 'contacts',
      columns: { last: 'lastName', company: { field: 'accountId', relation: { by: 'name' } } },
      key: [],
    })
    const file = await org.call('GET', run.errorsUrl!)
    expect(file.body).toContain('2,company,Twin,AMBIGUOUS')
    expect(file.body).toContain('3,company,Nobody,UNKNOWN_RECORD')
  })

  it.each([
    ['an empty file', '', 'empty'],
    ['two columns of one name', 'a,a\n1,2\n', 'Two columns'],
  ])('refuses %s with a sentence', async (_, content, words) => {
    const answer = await upload(org, content, { entity: 'leads', columns: { a: 'name' }, key: [] })
    expect(answer.statusCode).toBe(422)
    expect(answer.json<{ detail: string }>().detail).toContain(words)
  })

  it('refuses a spec that is not JSON, an entity that is not there, and whoever may not import', async () => {
    expect((await upload(org, 'a\n1\n', 'nonsense')).statusCode).toBe(422)
    expect(
      (await upload(org, 'a\n1\n', { entity: 'ghosts', columns: { a: 'name' } })).statusCode,
    ).toBe(422)
    const reader = await app.createKey(org.orgId, { scopes: ['leads:read', 'leads:write'] })
    expect(
      (
        await upload(reader, 'Name\nAda\n', { entity: 'leads', columns: { Name: 'name' }, key: [] })
      ).json(),
    ).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
  })

  it('shows rows to those alone who may read all that a column goes to', async () => {
    const role = {
      label: 'Importer',
      rules: {
        look: { operations: ['read'], entity: '*' },
        noScores: {
          effect: 'deny',
          operations: ['read'],
          entity: 'crm.leads:lead',
          fields: ['score'],
        },
      },
      permissions: ['import'],
    }
    const ops = [{ op: 'set', path: ['roles', 'importer'], value: role }]
    await org.call('PATCH', '/studio/draft', { ops })
    const { hash } = (await org.call('POST', '/studio/plan')).json<{ hash: string }>()
    await org.call('POST', '/studio/publish', { hash, message: 'Importers' })
    const spec = { entity: 'leads', columns: { n: 'name', s: 'score' }, key: [], dryRun: true }
    const run = await importAll(org, 'n,s\nAda,5\nBo,many\n', spec)
    expect(run.preview!.rows).toHaveLength(2)
    const importer = await app.createKey(org.orgId, { role: 't:importer' })
    const seen = (await importer.call('GET', `/imports/${run.id}`)).json<Run>()
    expect(seen).toMatchObject({ status: 'waiting', counts: { rows: 2 } })
    expect(seen).not.toHaveProperty('preview')
    expect((await importer.call('GET', `/imports/${run.id}/errors`)).statusCode).toBe(404)
    expect((await org.call('GET', `/imports/${run.id}/errors`)).statusCode).toBe(200)
  })

  it('are those of whoever started them, and of admins', async () => {
    const admin = await app.createOrg()
    const [one, other] = [
      await app.createKey(admin.orgId, { role: 'editor' }),
      await app.createKey(admin.orgId, { role: 'editor' }),
    ]
    const spec = { entity: 'leads', columns: { name: 'name' }, dryRun: true }
    const { id } = (await upload(one, 'name\nAda\n', spec)).json<{ id: string }>()
    await finish(one, id)
    const listed = async (caller: Caller) =>
      (await caller.call('GET', '/imports')).json<{ data: Run[] }>().data.map((run) => run.id)
    expect(await listed(one)).toEqual([id])
    expect(await listed(admin)).toEqual([id])
    expect(await listed(other)).toEqual([])
    for (const path of ['start', 'cancel']) {
      const answer = await other.call('POST', `/imports/${id}/${path}`, {})
      expect(answer.statusCode, path).toBe(403)
    }
    expect((await admin.call('POST', `/imports/${id}/start`, {})).statusCode).toBe(202)
    expect(await finish(one, id)).toMatchObject({ status: 'done', counts: { created: 1 } })
  })

  it('shows an import to nobody of another organisation', async () => {
    const run = await importAll(org, 'Name\nGus\n', {
      entity: 'leads',
      columns: { Name: 'name' },
      key: [],
    })
    const other = await app.createOrg()
    expect((await other.call('GET', `/imports/${run.id}`)).statusCode).toBe(404)
    expect((await other.call('GET', `/imports/${run.id}/errors`)).statusCode).toBe(404)
    expect((await other.call('POST', `/changes/${run.changeSetId}/revert`, {})).statusCode).toBe(
      404,
    )
  })
})
