import type { FieldDefinition } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import type { Desk } from '../model/desk.ts'
import { ownLayer } from '../model/layer.ts'
import { isJsonObject, leafAt } from '../model/leaf.ts'
import { archivePath } from '../model/restore-archived.ts'
import { sharedTable } from '../model/storage-names.ts'

/** A field or an object that a publish took away. Its values are kept until they are purged. */
export interface Archived {
  readonly kind: 'field' | 'entity'
  /** In the own layer: `fields/budget`. */
  readonly path: string
  readonly label: string
  /** Reference of the entity, and what it was called. */
  readonly entity: string
  readonly entityLabel: string
  /** Of a field. */
  readonly type?: string
  /** What values are kept under; of an object its reference. */
  readonly storageId: string
  /** The last revision that had it, and the one that took it away. */
  readonly revision: number
  readonly removedIn: number
  readonly removedAt: string
  /** Records that have a value, or records of the object. */
  readonly values: number
}

/** Where the values of something archived are. */
export interface ArchivePlace {
  readonly kind: Archived['kind']
  readonly entity: string
  readonly table: string
  readonly shared: boolean
  readonly storageId: string
}

export interface ArchivedWithPlace extends Archived {
  readonly place: ArchivePlace
}

interface RevisionRow {
  readonly n: number
  readonly at: string
  readonly ids: Readonly<Record<string, string>>
  readonly entities: readonly string[]
}

/** Longer lists are of experiments. */
const mostListed = 500

/** What earlier revisions had and the published one has not, latest removal first. */
export async function listArchive(
  db: Pick<Database, 'query'>,
  desk: Desk,
): Promise<readonly ArchivedWithPlace[]> {
  const { id: orgId } = desk.published.org
  const { rows } = await db.query<RevisionRow>(orgId, {
    text: `select r.n, r.created_at as at, r.document->'storageIds' as ids,
        array(select jsonb_object_keys(coalesce(r.document->'contributes'->'entities', '{}'))) as entities
      from tenant.layer_revision r where r.org_id = $1 order by r.n`,
    values: [orgId],
  })
  const gone = goneFrom(rows, desk)
  const documents = await documentsOf(db, orgId, new Set(gone.map(({ revision }) => revision)))
  const found = gone.flatMap((one) => {
    const told = tell(one, documents.get(one.revision), desk)
    return told ? [told] : []
  })
  return Promise.all(
    found.map(async (one) => ({ ...one, values: await countValues(db, orgId, one.place) })),
  )
}

interface Gone {
  readonly kind: Archived['kind']
  readonly path: string
  readonly storageId: string
  readonly revision: number
  readonly removedAt: string
}

function goneFrom(rows: readonly RevisionRow[], { published }: Desk): Gone[] {
  const last = new Map<string, Omit<Gone, 'removedAt'>>()
  for (const { n, ids, entities } of rows) {
    for (const [path, storageId] of Object.entries(ids ?? {})) {
      last.set(storageId, { kind: 'field', path, storageId, revision: n })
    }
    for (const key of entities) {
      const storageId = `${ownLayer}:${key}`
      last.set(storageId, { kind: 'entity', path: `entities/${key}`, storageId, revision: n })
    }
  }
  const { contributes, storageIds } = published.document
  const present = new Set([
    ...Object.values(storageIds),
    ...Object.keys(contributes['entities'] ?? {}).map((key) => `${ownLayer}:${key}`),
  ])
  return [...last.values()]
    .filter(({ storageId }) => !present.has(storageId))
    .filter(({ kind, path }) => kind === 'entity' || isOfPresent(path, present))
    .sort((a, b) => b.revision - a.revision)
    .slice(0, mostListed)
    .map((one) => ({ ...one, removedAt: rows.find(({ n }) => n === one.revision + 1)?.at ?? '' }))
}

/** Fields of an object that is gone are told with it. */
function isOfPresent(path: string, present: ReadonlySet<string>): boolean {
  const [point, key] = path.split('/')
  return point !== 'entities' || present.has(`${ownLayer}:${key}`)
}

async function documentsOf(
  db: Pick<Database, 'query'>,
  orgId: string,
  revisions: ReadonlySet<number>,
): Promise<Map<number, unknown>> {
  const { rows } = await db.query<{ n: number; document: unknown }>(orgId, {
    text: `select n, jsonb_build_object('entities', document->'contributes'->'entities',
        'fields', document->'contributes'->'fields') as document
      from tenant.layer_revision where org_id = $1 and n = any ($2::integer[])`,
    values: [orgId, [...revisions]],
  })
  return new Map(rows.map(({ n, document }) => [n, document]))
}

function tell(
  { kind, path, storageId, revision, removedAt }: Gone,
  document: unknown,
  { before, base }: Desk,
): Omit<ArchivedWithPlace, 'values'> | null {
  const parts = archivePath(path)
  const definition = parts && leafAt(document, parts)
  if (!parts || !isJsonObject(definition)) return null
  const key = parts.at(-1)!
  const common = { kind, path, storageId, revision, removedIn: revision + 1, removedAt }
  const textAt = (value: unknown, ...at: string[]) => {
    const text = leafAt(value, at)
    return typeof text === 'string' ? text : null
  }
  if (kind === 'entity') {
    const label = textAt(definition, 'label') ?? key
    const place = { kind, entity: storageId, table: sharedTable, shared: true, storageId }
    return { ...common, label, entity: storageId, entityLabel: label, place }
  }
  const isInEntity = parts.length === 4
  const entity = isInEntity ? `${ownLayer}:${parts[1]}` : textAt(definition, 'entity')
  const field = (isInEntity ? definition : definition['field']) as FieldDefinition | undefined
  if (entity === null || !field) return null
  const known = before.entities.get(entity) ?? base.entities.get(entity)
  const table = known?.table ?? sharedTable
  const place = { kind, entity, table, shared: known?.shared ?? true, storageId }
  return {
    ...common,
    label: field.label ?? key,
    entity,
    entityLabel: known?.definition.label ?? entity,
    type: field.type,
    place,
  }
}

async function countValues(
  db: Pick<Database, 'query'>,
  orgId: string,
  place: ArchivePlace,
): Promise<number> {
  const { rows } = await db.query<{ n: number }>(orgId, {
    text: `select count(*)::integer as n from ${place.table} t
      where t.org_id = $1 and t.deleted_at is null and ${hasValue(place)}`,
    values: [orgId, place.shared ? place.entity : null, place.storageId],
  })
  return rows[0]?.n ?? 0
}

/** With the entity as `$2`, null where the table has one alone, and the storage id as `$3`. */
export function hasValue({ kind, shared }: ArchivePlace): string {
  const ofEntity = shared ? 't.entity = $2' : '$2::text is null'
  const filled = `jsonb_typeof(t.custom -> $3) <> 'null'`
  return kind === 'entity' ? `${ofEntity} and $3::text is not null` : `${ofEntity} and ${filled}`
}
