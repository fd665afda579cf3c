import type { Actor, Door, Origin, Provenance } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Entity } from '../model/model.ts'
import type { Reader } from './read.ts'
import { storageOf } from './storage-columns.ts'

const byActor = {
  user: 'person',
  key: 'integration',
  agent: 'agent',
  workflow: 'workflow',
  plugin: 'plugin',
  system: 'system',
} as const satisfies Record<Actor['type'], Origin>

/** An import is one whoever started it, and a person who takes a change back has decided so. */
export function originOf(actor: Pick<Actor, 'type'>, door: Door, said?: string | null): Origin {
  if (said === 'external') return said
  if (door === 'import') return 'import'
  if (door === 'agent' || door === 'workflow') return door
  return byActor[actor.type]
}

interface Touch {
  /** Of the ledger; empty for the creation, which set all. */
  readonly key: string
  readonly change_set_id: string
  readonly at: string
  readonly actor: Actor
  readonly door: Door | null
  readonly origin: string | null
  readonly source: string | null
}

/** Where each value of a record came from, of those that the reader sees and that are not blank. */
export function createProvenance(deps: {
  readonly db: Pick<Database, 'query'>
  readonly reader: Pick<Reader, 'get'>
}) {
  /** @throws NotFoundError */
  return async function provenance(
    ctx: RequestContext,
    entity: Entity,
    id: string,
  ): Promise<{ readonly data: Readonly<Record<string, Provenance>> }> {
    const record = await deps.reader.get(ctx, entity, id)
    const { rows } = await deps.db.query<Touch>(ctx.org.id, {
      name: 'provenance',
      text: selectTouches,
      values: [ctx.org.id, entity.ref, id],
    })
    const touches = new Map(rows.map((touch) => [touch.key, touch]))
    const { partsOf } = storageOf(entity)
    const data: Record<string, Provenance> = {}
    for (const field of entity.fields.values()) {
      const value = record[field.apiName]
      if (value === undefined || value === null) continue
      const keys = (partsOf.get(field) ?? []).map((part) => part.ledgerKey)
      if (keys.length === 0 && field.storage.in === 'computed') {
        data[field.apiName] = { origin: 'formula', actor: null, at: null, changeId: null }
        continue
      }
      const touch = latest(keys.flatMap((key) => touches.get(key) ?? [])) ?? touches.get('')
      data[field.apiName] = touch ? fromTouch(touch) : forgotten(record)
    }
    return { data }
  }
}

function latest(touches: readonly Touch[]): Touch | undefined {
  return touches.reduce<Touch | undefined>(
    (last, touch) => (last === undefined || touch.at > last.at ? touch : last),
    undefined,
  )
}

function fromTouch({ actor, at, change_set_id, door, origin, source }: Touch): Provenance {
  return {
    origin: originOf(actor, door ?? 'api', origin),
    actor,
    at,
    changeId: change_set_id,
    ...(source === null ? {} : { source }),
  }
}

/** The ledger keeps the past for a while only; the record itself still knows who made it. */
function forgotten(record: Readonly<Record<string, unknown>>): Provenance {
  const actor = (record['createdBy'] as Actor | undefined) ?? null
  return {
    origin: actor ? originOf(actor, 'api') : 'system',
    actor,
    at: (record['createdAt'] as string | undefined) ?? null,
    changeId: null,
  }
}

const selectTouches = `select distinct on (k.key) k.key, l.change_set_id, l.at, l.actor, c.door, c.origin, c.source
from tenant.ledger l
 cross join lateral (select jsonb_object_keys(coalesce(l.fields, '{}')) as key
   union all select '' where l.op = 'create') k
 left join tenant.change_set c on c.org_id = l.org_id and c.id = l.change_set_id
where l.org_id = $1 and l.entity = $2 and l.record_id = $3
order by k.key, l.version desc`
