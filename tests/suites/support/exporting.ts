import { setTimeout as sleep } from 'node:timers/promises'
import { succeed } from './own-layer.ts'
import {
  ask,
  exists,
  type Look,
  nameOf,
  outcome,
  refusal,
  shownRecord,
  unknownField,
  visibleOf,
} from './reading.ts'

/** Writing a file is a job, so only some of the looks read what it holds. */
const readInFull: ReadonlySet<string> = new Set(['crm.leads:lead', 't:property'])

/** A file of records: who may have one, which columns there are for whom, and what stands in it. */
export async function checkExport(look: Look): Promise<void> {
  const { cells, entity, person } = look
  const { oracle } = person
  const begin = (columns: readonly string[]) =>
    ask(look, 'POST', '/exports', { entity: entity.ref, format: 'json', columns })
  const where = nameOf(look, 'export')
  const fields = [...entity.byApiName.values()]
  const hidden = fields.filter((field) => !exists(look, field))
  if (!oracle.allows('export')) {
    cells.compare('export', where, (await begin(['id'])).status, 403)
    return
  }
  if (!oracle.ever('read', entity.ref)) {
    cells.compare('export', where, outcome(await begin(['id'])), refusal(look))
    return
  }
  for (const { apiName } of hidden) {
    cells.compare('export', `${where} ${apiName}`, outcome(await begin([apiName])), unknownField)
  }
  if (!readInFull.has(entity.ref)) return
  const columns = fields.filter((field) => exists(look, field)).map(({ apiName }) => apiName)
  const reply = await begin(columns)
  cells.compare('export', where, reply.status, 202)
  const rows = await rowsOf(look, (reply.body as { id: string }).id)
  const seen = visibleOf(look)
  cells.compare('export', `${where} ids`, rows.map(({ id }) => id).sort(), [...seen.keys()].sort())
  for (const row of rows) {
    const facts = seen.get(row.id)
    if (!facts) continue
    const shown = shownRecord(oracle, entity, facts)
    const expected = Object.fromEntries(columns.map((name) => [name, shown[name] ?? null]))
    cells.compareFields('export', `${where} ${row.id}`, row, expected)
  }
}

type ExportedRow = Readonly<Record<string, unknown>> & { readonly id: string }

async function rowsOf({ person }: Look, id: string): Promise<ExportedRow[]> {
  for (let i = 0; i < 2_400; i++) {
    const run = await succeed<{ status: string; url?: string }>(
      person.caller.call('GET', `/exports/${id}`),
    )
    if (run.url) return JSON.parse((await person.caller.call('GET', run.url)).body) as ExportedRow[]
    if (run.status !== 'running') throw new Error(`The export is ${run.status}.`)
    await sleep(25)
  }
  throw new Error('The export does not end.')
}
