import type { EntityInfo, FieldInfo, HandlerContext, RecordData } from '@runwaycrm/sdk'
import { canonical, type ShownRecord } from './request.ts'

export interface Decider {
  readonly assignee: string | null
  readonly role: string | null
}

export interface Conflict {
  readonly entity: string
  readonly id: string
  readonly field: string
  readonly then: unknown
  readonly now: unknown
}

interface Members {
  read(input: {
    readonly userId: string
    readonly entity: string
    readonly ids: readonly string[]
  }): Promise<readonly RecordData[]>
}

/** Of more records than these the title of the request tells. */
const mostRecords = 20
const mostFields = 8
const usualTypes = [
  ...['currency', 'select', 'percent', 'number', 'integer', 'date', 'dateTime'],
  ...['user', 'relation', 'email', 'text', 'boolean'],
]

/**
 * The values that whoever decides is shown: what both they and whoever asked may read, as they are. What is worked
 * out differs from reader to reader, so no decision hangs on it.
 *
 * @param asking with the rights of whoever asked. @param plugin with those of the plugin.
 * @param names of the fields, as the API has them; the usual ones when it is left open.
 */
export async function gatherShown(
  asking: HandlerContext,
  plugin: HandlerContext,
  about: { readonly entity: string; readonly ids: readonly string[] } | null,
  decider: Decider,
  names?: readonly string[],
): Promise<readonly ShownRecord[]> {
  const info = about && plugin.model.entity(about.entity)
  if (!about || !info) return []
  const ids = [...new Set(about.ids)].slice(0, mostRecords)
  const fields = names ? chosen(info, names) : usual(info)
  const [asked, seen, real] = [
    await read(asking, info.ref, ids),
    await readAsDecider(plugin, decider, info.ref, ids),
    await read(plugin, info.ref, ids),
  ]
  return ids.flatMap((id) => {
    const [by, to, record] = [asked.get(id), seen.get(id), real.get(id)]
    if (!by || !to || !record) return []
    const kept = fields.filter((name) => Object.hasOwn(by, name) && Object.hasOwn(to, name))
    const title = textOf(to[titleName(info)]) || info.label
    const values = Object.fromEntries(kept.map((name) => [name, record[name] ?? null]))
    return [{ entity: info.ref, id, title, fields: values }]
  })
}

/** For somebody else: without what they may not read. */
export async function narrowShown(
  plugin: HandlerContext,
  shown: readonly ShownRecord[],
  decider: Decider,
): Promise<readonly ShownRecord[]> {
  const narrowed: ShownRecord[] = []
  for (const [entity, records] of Map.groupBy(shown, (one) => one.entity)) {
    const info = plugin.model.entity(entity)
    const ids = records.map(({ id }) => id)
    const seen = info ? await readAsDecider(plugin, decider, entity, ids) : new Map()
    for (const record of records) {
      const by = seen.get(record.id)
      if (!info || !by) continue
      const fields = Object.entries(record.fields).filter(([name]) => Object.hasOwn(by, name))
      const title = textOf(by[titleName(info)]) || info.label
      narrowed.push({ ...record, title, fields: Object.fromEntries(fields) })
    }
  }
  return narrowed
}

/** The same fields with the values that they have now. A record that is gone keeps nothing. */
export async function presentShown(
  plugin: HandlerContext,
  shown: readonly ShownRecord[],
): Promise<readonly ShownRecord[]> {
  const present = await presentRecords(plugin, shown)
  return shown.flatMap((one) => {
    const record = present.get(`${one.entity} ${one.id}`)
    if (!record) return []
    const fields = Object.keys(one.fields).map((name) => [name, record[name] ?? null])
    return [{ ...one, fields: Object.fromEntries(fields) }]
  })
}

/** What has changed since it was shown. */
export async function conflictsOf(
  plugin: HandlerContext,
  shown: readonly ShownRecord[],
): Promise<readonly Conflict[]> {
  const present = await presentRecords(plugin, shown)
  return shown.flatMap(({ entity, id, fields }): Conflict[] => {
    const plural = plugin.model.entity(entity)?.plural ?? entity
    const record = present.get(`${entity} ${id}`)
    if (!record) return [{ entity: plural, id, field: 'id', then: id, now: null }]
    return Object.entries(fields).flatMap(([field, then]) => {
      const now = record[field] ?? null
      return canonical(now) === canonical(then) ? [] : [{ entity: plural, id, field, then, now }]
    })
  })
}

async function presentRecords(plugin: HandlerContext, shown: readonly ShownRecord[]) {
  const present = new Map<string, RecordData>()
  for (const [entity, records] of Map.groupBy(shown, (one) => one.entity)) {
    if (!plugin.model.entity(entity)) continue
    const ids = records.map(({ id }) => id)
    for (const [id, record] of await read(plugin, entity, ids))
      present.set(`${entity} ${id}`, record)
  }
  return present
}

async function readAsDecider(
  plugin: HandlerContext,
  { assignee, role }: Decider,
  entity: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RecordData>> {
  if (assignee !== null) {
    const members = plugin.services.get<Members>('kernel.members', 1)
    const found = await members.read({ userId: assignee, entity, ids })
    return new Map(found.map((record) => [record.id, record]))
  }
  if (role === null) return new Map()
  const holder = plugin.as({ type: 'workflow', id: role, name: role, roles: [role] })
  return read(holder, entity, ids)
}

async function read(
  ctx: HandlerContext,
  entity: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RecordData>> {
  if (!ctx.model.entity(entity)?.can.read) return new Map()
  const { data } = await ctx.records.list(entity, {
    filter: { id: { $in: [...ids] } },
    limit: mostRecords,
  })
  return new Map(data.map((record) => [record.id, record]))
}

const isStable = ({ computed }: FieldInfo) => !computed

function chosen(info: EntityInfo, names: readonly string[]): string[] {
  const known = new Map(info.fields.flatMap((one) => [[one.key, one] as const, [one.apiName, one]]))
  return [...new Set(names)].flatMap((name) => {
    const field = known.get(name)
    return field && isStable(field) ? field.apiName : []
  })
}

function usual(info: EntityInfo): string[] {
  const first = [info.titleField, info.subtitleField]
  const place = ({ key, apiName, type }: FieldInfo) =>
    first.includes(key) || first.includes(apiName) ? -1 : usualTypes.indexOf(typeName(type))
  return info.fields
    .filter((field) => isStable(field) && !field.hidden)
    .filter((field) => first.includes(field.key) || usualTypes.includes(typeName(field.type)))
    .sort((a, b) => place(a) - place(b) || a.order - b.order)
    .slice(0, mostFields)
    .map(({ apiName }) => apiName)
}

const typeName = (type: string) => type.split(':').at(-1) ?? type

function titleName({ fields, titleField }: EntityInfo): string {
  return fields.find(({ key }) => key === titleField)?.apiName ?? titleField
}

function textOf(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value).trim()
  if (typeof value !== 'object' || value === null) return ''
  return Object.values(value)
    .filter((part) => typeof part === 'string')
    .join(' ')
}
