import type { Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import { succeed } from './own-layer.ts'
import {
  addressOf,
  ask,
  factsOf,
  type Look,
  nameOf,
  outcome,
  refusal,
  rowsOf,
  shownRecord,
  visibleOf,
} from './reading.ts'

interface Entry {
  readonly id?: string
  readonly op: string
  readonly version: number
  readonly fields: Facts
}
interface Item {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly record: { readonly entity: string; readonly id: string }
  readonly data: Facts & { readonly op?: string; readonly fields?: Facts }
}
interface Change {
  readonly id: string
  readonly actor: { readonly id: string | null }
  readonly counts: Facts
  readonly records: {
    readonly data: readonly { entity: string; id: string; op: string; fields: string[] }[]
  }
}

/** History and timeline of records, seen and not seen, against what an admin reads of them. */
export async function checkPast(look: Look): Promise<void> {
  const { cells, person, entity, setting } = look
  const seen = visibleOf(look)
  const hidden = factsOf(look).filter((record) => !seen.has(record['id'] as string))
  const some = [...[...seen.values()].slice(0, 2), ...hidden.slice(0, 1)]
  for (const record of some) {
    const id = record['id'] as string
    const address = `${addressOf(look)}/${id}`
    await checkProvenance(look, record, seen.has(id))
    if (seen.has(id)) await checkPastOfOneField(look, record)
    for (const surface of ['history', 'timeline'] as const) {
      const reply = await ask(look, 'GET', `${address}/${surface}?limit=200`)
      if (!seen.has(id)) {
        const lacks = person.oracle.lacksScope('read', entity.ref)
        const expected = lacks ? refusal(look) : { status: 404, code: 'NOT_FOUND' }
        cells.compare(surface, nameOf(look, id), outcome(reply), expected)
        continue
      }
      cells.compare(surface, nameOf(look, id), reply.status, 200)
      const url = `/${entity.plural}/${id}/${surface}?limit=200`
      const all = entity.definition.private
        ? (await setting.world.openSession()).caller
        : setting.world.key
      const whole = await succeed<{ data: unknown[] }>(all.call('GET', url))
      if (surface === 'history') {
        compareHistory(look, record, rowsOf(reply) as never, whole.data as Entry[])
      } else compareTimeline(look, record, rowsOf(reply) as never, whole.data as Item[])
    }
  }
}

/** Exactly the fields that somebody sees a value of have an origin. */
async function checkProvenance(look: Look, record: Facts, isSeen: boolean): Promise<void> {
  const { cells, person, entity } = look
  const id = String(record['id'])
  const reply = await ask(look, 'GET', `${addressOf(look)}/${id}/provenance`)
  const where = nameOf(look, id)
  if (!isSeen) {
    const lacks = person.oracle.lacksScope('read', entity.ref)
    const expected = lacks ? refusal(look) : { status: 404, code: 'NOT_FOUND' }
    return void cells.compare('provenance', where, outcome(reply), expected)
  }
  const shown = shownRecord(person.oracle, entity, record)
  const own = [...entity.fields.values()].map(({ apiName }) => apiName)
  const expected = own.filter((name) => shown[name] !== undefined && shown[name] !== null)
  const { data } = reply.body as { data: Facts }
  cells.compare('provenance', where, Object.keys(data).sort(), expected.sort())
}

/** The past of a field that is shown, and of one that is not. */
async function checkPastOfOneField(look: Look, record: Facts): Promise<void> {
  const { cells, person, entity } = look
  const shown = shownRecord(person.oracle, entity, record)
  const names = [...entity.fields.values()].map(({ apiName }) => apiName)
  const isShown = (name: string) => shown[name] !== undefined
  for (const name of [names.find(isShown), names.find((one) => !isShown(one))]) {
    if (name === undefined) continue
    const path = `${addressOf(look)}/${record['id']}/history?field=${name}`
    const reply = await ask(look, 'GET', path)
    const where = `${nameOf(look, String(record['id']))}?field=${name}`
    cells.compare('history', where, reply.status, isShown(name) ? 200 : 400)
    if (reply.status !== 200) continue
    const told = (rowsOf(reply) as unknown as Entry[]).flatMap(({ fields }) => Object.keys(fields))
    cells.compare('history', where, [...new Set([name, ...told])], [name])
  }
}

function seenFields(look: Look, record: Facts, fields: Facts): Facts {
  const { person, entity } = look
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, change]) => {
      if (!person.oracle.may('read', entity.ref, record, name)) return []
      const field = entity.byApiName.get(name)
      if (field?.typeDefinition.kind !== 'relations') return [[name, change]]
      const seen = seenLinks(look, field, change as LinkChange)
      return seen ? [[name, seen]] : []
    }),
  )
}

interface LinkChange {
  readonly from: readonly string[] | null
  readonly to: readonly string[] | null
}

/** A list is as long as what its reader sees behind it, and so is its past; null when nothing of it is seen. */
function seenLinks({ person, setting }: Look, field: Field, change: LinkChange) {
  const target = field.target!
  const living = setting.living.get(target)
  const visible = (ids: readonly string[] | null) =>
    (ids ?? []).filter((id) => {
      const facts = living?.get(id)
      return facts && person.oracle.may('read', target, facts)
    })
  const [from, to] = [visible(change.from), visible(change.to)]
  if (from.join() === to.join()) return null
  return { from: change.from === null ? null : from, to }
}

/** A change of nothing but hidden fields leaves no entry. */
function compareHistory(
  look: Look,
  record: Facts,
  actual: readonly Entry[],
  whole: readonly Entry[],
): void {
  const expected = whole
    .map((entry) => ({ ...entry, fields: seenFields(look, record, entry.fields) }))
    .filter(({ op, fields }) => op !== 'update' || Object.keys(fields).length > 0)
  const where = nameOf(look, String(record['id']))
  const versions = (entries: readonly Entry[]) => entries.map(({ version }) => version)
  look.cells.compare('history', where, versions(actual), versions(expected))
  for (const entry of actual) {
    const right = expected.find(({ version }) => version === entry.version)
    look.cells.compareFields('history', where, entry.fields, right?.fields ?? {})
  }
}

function compareTimeline(
  look: Look,
  record: Facts,
  actual: readonly Item[],
  whole: readonly Item[],
): void {
  const { cells, person, setting } = look
  const where = nameOf(look, String(record['id']))
  const expected = whole.flatMap((item): Item[] => {
    if (item.kind === 'change') {
      const fields = seenFields(look, record, item.data.fields ?? {})
      if (item.data.op === 'update' && Object.keys(fields).length === 0) return []
      return [{ ...item, data: { ...item.data, fields } }]
    }
    const source = setting.model.entityByPlural.get(item.record.entity)!
    const facts = setting.living.get(source.ref)!.get(item.record.id)!
    const needed = [undefined, 'about', 'createdAt']
    if (!needed.every((name) => person.oracle.may('read', source.ref, facts, name))) return []
    return [{ ...item, data: shownRecord(person.oracle, source, facts) }]
  })
  const ids = (items: readonly Item[]) => items.map(({ id }) => id)
  cells.compare('timeline', where, ids(actual), ids(expected))
  for (const item of actual) {
    const right = expected.find(({ id }) => id === item.id)
    if (!right) continue
    cells.compareFields('timeline', where, item.data, right.data)
    if (item.kind !== 'change') {
      const source = setting.model.entityByPlural.get(item.record.entity)!
      const name = source.fields.get(source.titleField)!.apiName
      const title = right.data[name] ?? source.definition.label
      cells.compare('timeline', `${where} title`, item.title, title)
      continue
    }
    const hidden = Object.keys(whole.find(({ id }) => id === item.id)!.data.fields ?? {}).filter(
      (field) => !(field in (right.data.fields ?? {})),
    )
    const labels = hidden.map((field) => look.entity.byApiName.get(field)!.label)
    const told = labels.filter((label) => item.title.split(/, |Changed /).includes(label))
    cells.compare('timeline', `${where} title`, told, [])
  }
}

/** Change sets: those with a record that somebody sees, counted and listed as they see them. */
export async function checkChanges(looks: readonly Look[], most: number): Promise<void> {
  const [first] = looks
  if (!first) return
  const { setting, person, cells } = first
  const { data: all } = await succeed<{ data: Change[] }>(
    setting.world.key.call('GET', '/changes?limit=200'),
  )
  const shown = await idsOfChanges(first)
  for (let count = 0; count < most; count++) {
    const { id } = setting.random.pick(all)
    const whole = await succeed<Change>(setting.world.key.call('GET', `/changes/${id}?limit=200`))
    const records = whole.records.data.filter((row) => readable(first, row.entity, row.id))
    const isMine = person.userId !== null && whole.actor.id === person.userId
    const reply = await ask(first, 'GET', `/changes/${id}?limit=200`)
    const where = `${person.name} on change ${id}`
    const isSeen = records.length > 0 || isMine
    cells.compare('change', where, reply.status, isSeen ? 200 : 404)
    cells.compare('changes', where, shown.has(id), isSeen)
    if (!isSeen) continue
    const change = reply.body as Change
    const ids = (rows: Change['records']['data']) => rows.map((row) => row.id).sort()
    cells.compare('change', where, ids(change.records.data), ids(records))
    cells.compare('change', `${where} counts`, change.counts, countsOf(records))
    for (const row of change.records.data) compareNames(first, where, row, whole)
  }
}

/** Of all pages: somebody may see more than the key does, of what is theirs alone. */
async function idsOfChanges(look: Look): Promise<ReadonlySet<unknown>> {
  const ids = new Set<unknown>()
  let cursor: string | null = ''
  while (cursor !== null) {
    const after: string = cursor === '' ? '' : `&cursor=${cursor}`
    const reply = await ask(look, 'GET', `/changes?limit=200${after}`)
    for (const { id } of rowsOf(reply)) ids.add(id)
    cursor = (reply.body as { page?: { nextCursor: string | null } }).page?.nextCursor ?? null
  }
  return ids
}

function readable({ setting, person }: Look, plural: string, id: string): boolean {
  const entity = setting.model.entityByPlural.get(plural)
  const facts =
    entity && (setting.living.get(entity.ref)?.get(id) ?? setting.deleted.get(entity.ref)?.get(id))
  return facts !== undefined && person.oracle.may('read', entity!.ref, facts)
}

/** No name of a hidden field; all names where nothing about the field depends on the record. */
function compareNames(
  { setting, person, cells }: Look,
  where: string,
  row: Change['records']['data'][number],
  whole: Change,
): void {
  const entity = setting.model.entityByPlural.get(row.entity)!
  const { ref } = entity
  const facts = setting.living.get(ref)?.get(row.id) ?? setting.deleted.get(ref)!.get(row.id)!
  const changed = whole.records.data.find(({ id, op }) => id === row.id && op === row.op)!.fields
  for (const name of changed) {
    const may = person.oracle.may('read', ref, facts, name)
    if (row.fields.includes(name) || !may) {
      cells.compare('change', `${where} ${name}`, row.fields.includes(name) && !may, false)
    }
  }
}

function countsOf(records: Change['records']['data']) {
  const count = (op: string) => records.filter((row) => row.op === op).length
  return {
    created: count('create'),
    updated: count('update'),
    deleted: count('delete'),
    restored: count('restore'),
  }
}
