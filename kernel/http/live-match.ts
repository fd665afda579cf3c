import type { Filter, RecordData } from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { OutboxEvent } from '../events/outbox.ts'
import type { Entity } from '../model/model.ts'
import { changedFields } from '../records/changed-since.ts'
import type { Codecs } from '../records/fields.ts'
import { alwaysVisible, type LedgerFields, showChanges } from '../records/ledger-values.ts'
import type { Reader } from '../records/read.ts'

/** What somebody wants to hear about. */
export interface RecordInterest {
  readonly entity: string
  readonly filter: Filter
}

/** What one interest is told of one event. */
export interface RecordNotice {
  readonly event: 'record.created' | 'record.updated' | 'record.deleted' | 'record.removed'
  readonly seq: number
  readonly id: string
  readonly version: number
  /** API names of changed fields that the reader may see. */
  readonly fields: readonly string[]
}

export interface LiveMatcherDeps {
  readonly db: Pick<Database, 'query'>
  readonly reader: Reader
  readonly codecs: Codecs
  /** The organisation with all rights, to look at what a reader lost. */
  readonly systemContext: (orgId: string) => Promise<RequestContext>
}

type RecordEvent = OutboxEvent & { readonly recordId: string; readonly version: number }

const idsAtOnce = 200

/**
 * Decides which events an interest hears of. Whatever is told was read again under the ability of the
 * listener, once for all listeners with equal rights and filters, and never comes from the event itself.
 * One matcher serves one bunch of events.
 */
export function createLiveMatcher(deps: LiveMatcherDeps, events: readonly OutboxEvent[]) {
  const { db, reader, codecs } = deps
  const byEntity = Map.groupBy(events.filter(isRecordEvent), (event) => event.entity as string)
  const answers = new Map<string, Promise<ReadonlySet<string>>>()

  function once(key: string, ask: () => Promise<ReadonlySet<string>>) {
    let answer = answers.get(key)
    if (!answer) {
      answer = ask()
      answers.set(key, answer)
    }
    return answer
  }

  /** Of what is its owner's alone: whose it is, is read once for all listeners. */
  async function ownIds(
    ctx: RequestContext,
    entity: Entity,
    ids: readonly string[],
  ): Promise<readonly string[]> {
    const owned = await once(`owners ${entity.ref}`, async () => {
      const all = (byEntity.get(entity.ref) ?? []).map(({ recordId }) => recordId)
      const system = await deps.systemContext(ctx.org.id)
      const found = await reader.getMany(system, entity, all, { fields: ['ownerId'] })
      return new Set([...found.values()].map(({ id, ownerId }) => `${ownerId} ${id}`))
    })
    return ids.filter((id) => owned.has(`${ctx.principal.userId} ${id}`))
  }

  /** Those of the ids that match now, among the living or among the deleted. */
  async function matching(
    ctx: RequestContext,
    entity: Entity,
    filter: Filter,
    ids: readonly string[],
    deleted: boolean,
  ): Promise<ReadonlySet<string>> {
    const isOwners = entity.definition.private && !entity.definition.shownTo
    if (isOwners && !deleted) ids = await ownIds(ctx, entity, ids)
    if (ids.length === 0) return new Set()
    const text = JSON.stringify(filter)
    // `@me` and `@team` depend on who asks and not only on what they may.
    const asker = text.includes('"@') ? ctx.principal.userId : ''
    const key = [
      deleted,
      entity.ref,
      ctx.model.hash,
      ctx.ability.keyOn(entity.ref),
      text,
      asker,
    ].join('\n')
    return once(key, async () => {
      const found = new Set<string>()
      for (let i = 0; i < ids.length; i += idsAtOnce) {
        const page = await reader.list(ctx, entity, {
          filter: withIds(filter, ids.slice(i, i + idsAtOnce)),
          fields: ['id'],
          limit: idsAtOnce,
          ...(deleted ? { deleted: 'only' as const } : {}),
        })
        for (const record of page.data) found.add(record.id)
      }
      return found
    })
  }

  /** `<id> <name>` of changed fields that the reader sees on some records only, and on this one. */
  function seenOnRecords(
    ctx: RequestContext,
    entity: Entity,
    changed: readonly RecordEvent[],
    always: ReadonlySet<string>,
  ): Promise<ReadonlySet<string>> {
    const names = new Set(changed.flatMap((event) => changedNames(entity, event)))
    const fields = [...names].filter(
      (name) => !always.has(name) && canReadField(ctx.ability, entity, name),
    )
    if (fields.length === 0) return Promise.resolve(new Set<string>())
    const key = ['fields', entity.ref, ctx.model.hash, ctx.ability.keyOn(entity.ref)].join('\n')
    return once(key, async () => {
      const seen = new Set<string>()
      const ids = [...new Set(changed.map((event) => event.recordId))]
      for (const [id, record] of await reader.getMany(ctx, entity, ids, { fields })) {
        for (const name of fields) if (Object.hasOwn(record, name)) seen.add(`${id} ${name}`)
      }
      return seen
    })
  }

  /** Those that the reader could see before, by what the ledger says they were. */
  function seenBefore(
    ctx: RequestContext,
    entity: Entity,
    lost: readonly RecordEvent[],
  ): Promise<ReadonlySet<string>> {
    const key = ['before', entity.ref, ctx.model.hash, ctx.ability.keyOn(entity.ref)].join('\n')
    return once(key, async () => {
      const seen = new Set<string>()
      if (typeof ctx.ability.condition('read', entity.ref) === 'boolean') return seen
      const system = await deps.systemContext(ctx.org.id)
      const ids = [...new Set(lost.map((event) => event.recordId))]
      const present = await reader.getMany(system, entity, ids)
      const changes = await changesOf(ctx.org.id, entity, lost)
      const names = new Set(entity.byApiName.keys())
      // Back from the present, one version after the other.
      for (const [id, record] of present) {
        let earlier: RecordData = record
        const ofRecord = changes.filter((change) => change.record_id === id)
        for (const { version, fields } of ofRecord.sort((a, b) => b.version - a.version)) {
          for (const [name, { from }] of Object.entries(
            showChanges(entity, fields ?? {}, names, codecs),
          )) {
            earlier = { ...earlier, [name]: from }
          }
          if (ctx.ability.matches('read', entity.ref, earlier)) seen.add(`${id} ${version}`)
        }
      }
      return seen
    })
  }

  async function changesOf(orgId: string, entity: Entity, lost: readonly RecordEvent[]) {
    const { rows } = await db.query<Change>(orgId, {
      name: 'live_changes',
      text: `select record_id, version, fields from tenant.ledger l
        where org_id = $1 and entity = $2 and record_id = any ($3::uuid[])
          and version >= (select min(v.version) from unnest($3::uuid[], $4::bigint[]) v (id, version)
            where v.id = l.record_id)`,
      values: [
        orgId,
        entity.ref,
        lost.map((event) => event.recordId),
        lost.map((event) => event.version),
      ],
    })
    return rows
  }

  return {
    async noticesFor(ctx: RequestContext, interest: RecordInterest): Promise<RecordNotice[]> {
      const entity = ctx.model.entities.get(interest.entity)
      const own = byEntity.get(interest.entity)
      if (!entity || !own || !ctx.ability.can('read', entity.ref)) return []
      const { filter } = interest
      const ids = [...new Set(own.map((event) => event.recordId))]
      const gone = own.filter((event) => event.event === 'record.deleted')
      const goneIds = [...new Set(gone.map((event) => event.recordId))]
      const [inside, visible, buried] = await Promise.all([
        matching(ctx, entity, filter, ids, false),
        matching(ctx, entity, {}, ids, false),
        goneIds.length > 0
          ? matching(ctx, entity, filter, goneIds, true)
          : Promise.resolve<ReadonlySet<string>>(new Set()),
      ])
      const lost = own.filter(
        (event) => event.event === 'record.updated' && !visible.has(event.recordId),
      )
      const before = lost.length > 0 ? await seenBefore(ctx, entity, lost) : new Set<string>()
      const always = alwaysVisible(ctx, entity)
      const sometimes = await seenOnRecords(ctx, entity, own, always)
      return own.flatMap((event) => {
        const { recordId: id, version } = event
        const kind = judge(event, {
          isInside: inside.has(id),
          isVisible: visible.has(id),
          isBuried: buried.has(id),
          wasVisible: before.has(`${id} ${version}`),
          mayHaveLeft: () => changedNames(entity, event).some((name) => mentions(filter, name)),
        })
        if (!kind) return []
        const fields = kind === 'record.updated' ? changedNames(entity, event) : []
        const shown = fields.filter((name) => always.has(name) || sometimes.has(`${id} ${name}`))
        return [{ event: kind, seq: event.seq, id, version, fields: shown }]
      })
    },
  }
}

interface Change {
  readonly record_id: string
  readonly version: number
  readonly fields: LedgerFields | null
}

function isRecordEvent(event: OutboxEvent): event is RecordEvent {
  return event.event.startsWith('record.') && event.recordId !== null && event.version !== null
}

function judge(
  event: RecordEvent,
  now: {
    readonly isInside: boolean
    readonly isVisible: boolean
    readonly isBuried: boolean
    readonly wasVisible: boolean
    readonly mayHaveLeft: () => boolean
  },
): RecordNotice['event'] | null {
  switch (event.event) {
    case 'record.created':
    case 'record.restored':
      return now.isInside ? 'record.created' : null
    case 'record.deleted':
      return now.isBuried ? 'record.deleted' : null
    default:
      if (now.isInside) return 'record.updated'
      if (now.isVisible) return now.mayHaveLeft() ? 'record.removed' : null
      return now.wasVisible ? 'record.removed' : null
  }
}

export function withIds(filter: Filter, ids: readonly string[]): Filter {
  const among: Filter = { id: { $in: ids } }
  return Object.keys(filter).length === 0 ? among : { $and: [among, filter] }
}

function changedNames(entity: Entity, event: OutboxEvent): string[] {
  const keys = event.payload['fields']
  if (!Array.isArray(keys)) return []
  return changedFields(entity, keys)
    .map(({ apiName }) => apiName)
    .sort()
}

/** Whether a filter looks at a field, also as the first step of a path. */
export function mentions(filter: unknown, apiName: string): boolean {
  if (Array.isArray(filter)) return filter.some((part) => mentions(part, apiName))
  if (typeof filter !== 'object' || filter === null) return false
  return Object.entries(filter).some(([key, value]) => {
    if (key.startsWith('$')) return mentions(value, apiName)
    const first = key.split('.', 1)[0]
    return first === apiName || `${first}Id` === apiName
  })
}
