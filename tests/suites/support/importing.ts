import { setTimeout as sleep } from 'node:timers/promises'
import type { Caller } from '../../setup/test-app.ts'
import { succeed } from './own-layer.ts'
import type { Setting } from './permission-setting.ts'
import { type Look, nameOf, type Reply } from './reading.ts'
import { sampleValue } from './sample-values.ts'

/** A file with a column for every text and number: which of them there are for whom. */
export async function checkImport(look: Look): Promise<void> {
  const { cells, entity, person, setting } = look
  const { oracle } = person
  const columns = [...entity.fields.values()].filter(
    ({ typeDefinition: { kind } }) => kind === 'text' || kind === 'number',
  )
  const spec = {
    entity: entity.plural,
    columns: Object.fromEntries(columns.map(({ apiName }) => [apiName, apiName])),
    key: [],
    dryRun: true,
  }
  const cellsOf = columns.map((field) =>
    sampleValue(entity, field, setting.model, setting.world.source),
  )
  const file = `${columns.map(({ apiName }) => apiName).join()}\n${cellsOf.join()}\n`
  const reply = await upload(setting, person.caller.headers, spec, file)
  const where = nameOf(look, 'import')
  if (!oracle.allows('import')) {
    cells.compare('import', where, reply.status, 403)
    return
  }
  const wrong = columns.filter(
    (field) => field.readOnly || !oracle.ever('read', entity.ref, field.apiName),
  )
  if (!oracle.ever('read', entity.ref)) {
    cells.compare('import', where, reply.status, 422)
    return
  }
  const told = ((reply.body as { errors?: { path: string; code: string }[] }).errors ?? []).map(
    ({ path, code }) => `${path.slice('spec.columns.'.length)} ${code}`,
  )
  const expected = wrong.map(({ apiName, readOnly }) =>
    oracle.ever('read', entity.ref, apiName) && readOnly
      ? `${apiName} READ_ONLY`
      : `${apiName} UNKNOWN_FIELD`,
  )
  for (const { apiName } of columns) {
    const of = (list: string[]) => list.filter((one) => one.startsWith(`${apiName} `))
    cells.compare('import', `${where} ${apiName}`, of(told), of(expected))
  }
}

async function upload(
  { app }: Setting,
  sender: Caller['headers'],
  spec: object,
  file: string,
): Promise<Reply> {
  const form = new FormData()
  form.set('spec', JSON.stringify(spec))
  form.set('file', new File([file], 'file.csv', { type: 'text/csv' }))
  const request = new Request('http://localhost', { method: 'POST', body: form })
  const { statusCode, body } = await app.inject({
    method: 'POST',
    url: '/api/v1/imports',
    headers: { ...sender, 'content-type': request.headers.get('content-type')! },
    payload: Buffer.from(await request.arrayBuffer()),
  })
  const parsed = JSON.parse(body) as { code?: string }
  return { status: statusCode, code: parsed.code ?? null, body: parsed }
}

const importedFields = ['name', 'notes', 'score', 'company']
/** Stands in a field that fails, so that the preview and the file of errors both have it. */
const secret = 'only for those who read scores'

/** An import by an admin that shows its rows before it is run, and has one that fails. */
export async function importAsAdmin(setting: Setting): Promise<string> {
  const spec = {
    entity: 'leads',
    columns: Object.fromEntries(importedFields.map((name) => [name, name])),
    key: [],
    dryRun: true,
  }
  const file = `${importedFields.join()}\nAda,ok,7,Acme\nBo,ok,${secret},Acme\n`
  const { key } = setting.world
  const { body } = await upload(setting, key.headers, spec, file)
  const { id } = body as { id: string }
  for (let i = 0; i < 2_400; i++) {
    const run = await succeed<{ status: string }>(key.call('GET', `/imports/${id}`))
    if (run.status === 'waiting') return id
    await sleep(25)
  }
  throw new Error('The import does not end.')
}

/** Imports of others: what stands in a file shows no value of a field that is hidden from whoever looks. */
export async function checkImportsOfOthers(
  { person, cells }: Look,
  importId: string,
): Promise<void> {
  const { oracle } = person
  if (!oracle.allows('import')) return
  const seesAll =
    oracle.ever('read', 'crm.leads:lead') &&
    importedFields.every((name) => oracle.ever('read', 'crm.leads:lead', name))
  for (const below of ['', '/errors']) {
    const { body } = await person.caller.call('GET', `/imports/${importId}${below}`)
    const where = `${person.name} on an admin’s import${below}`
    cells.compare('import', where, body.includes(secret), seesAll)
  }
}
