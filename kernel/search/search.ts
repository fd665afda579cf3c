import {
  type OrgInfo,
  QueryTooCostlyError,
  type RecordData,
  type SearchAnswer,
  type SearchHit,
} from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import { byIndex } from '../database/by-index.ts'
import type { Database, Result } from '../database/postgres.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import { matchRecord } from './match.ts'
import {
  likelyStatement,
  nearStatement,
  parseQuery,
  type Reading,
  type SearchQuery,
  searchStatement,
} from './query.ts'
import type { RecordReader } from './search-row.ts'
import { searchedEntities, searchedFields, searchMark } from './searched-fields.ts'

export interface Search {
  /** @param entities where to look; those that the reader may not read are left out. */
  find(ctx: RequestContext, entities: readonly Entity[], text: string): Promise<SearchAnswer>
}

export interface SearchDeps {
  readonly db: Pick<Database, 'batch'>
  /** The index is made for other fields than those of this model. */
  readonly onStale: (org: OrgInfo, model: Model) => void
  readonly reader: RecordReader
}

const searchLimits = {
  hits: 50,
  /** Asked for at first, and when too few of them are the reader's. */
  candidates: 64,
  mostCandidates: 2_000,
  fresh: 500,
  /** With fewer hits, words are forgiven typos. */
  few: 5,
} as const

interface Candidate {
  readonly entity: string
  readonly id: string
}
const candidatesOf = ({ rows }: Result) => rows as unknown as Candidate[]

/**
 * Finds records by words. The index names candidates, whatever the reader may see; each is read again
 * under the reader's ability and matched anew on what they may see of it, so that nothing hidden is
 * found, not even by a word that stands in it. Three statements per entity at most: for the best candidates;
 * for more when too few of those are the reader's; and for what is a typo away when nearly nothing was found.
 */
export function createSearch({ db, reader, onStale }: SearchDeps): Search {
  return {
    async find(ctx, entities, text) {
      const query = parseQuery(text)
      const looks = new Map(
        searchedEntities(ctx.model)
          .filter((entity) => entities.includes(entity) && ctx.ability.can('read', entity.ref))
          .map((entity) => [entity.ref, lookOf(ctx, entity)]),
      )
      if (query === null || looks.size === 0) return { data: [], partial: false }
      const round: Round = { ctx, query, looks, seen: new Set(), hits: [], partial: false }
      try {
        await inRounds(round)
      } catch (error) {
        if (!(error instanceof QueryTooCostlyError)) throw error
        round.partial = true
      }
      const hits = round.hits.sort((a, b) => b.score - a.score || (a.id < b.id ? 1 : -1))
      return {
        data: hits.slice(0, searchLimits.hits),
        partial: round.partial || hits.length > searchLimits.hits,
      }
    },
  }

  async function inRounds(round: Round): Promise<void> {
    const { ctx, query, looks, hits } = round
    const orgId = ctx.org.id
    const refs = [...looks.keys()]
    const ask = (most: number, some: readonly Reading[]) =>
      some.map((reading) => searchStatement(orgId, reading, refs, most))
    // In this order: what is indexed after the first statement looked is in the index for the others.
    const [, fresh, state, ...found] = await db.batch(orgId, [
      byIndex,
      { name: 'search_fresh', text: freshText, values: [orgId, refs, searchLimits.fresh] },
      { name: 'search_state', text: stateText, values: [orgId] },
      ...ask(searchLimits.candidates, query.readings),
    ])
    const isCurrent = state!.rows[0]?.['mark'] === searchMark(ctx.model)
    if (!isCurrent && !ctx.draft) onStale(ctx.org, ctx.model)
    const isBehind = fresh!.rows.length === searchLimits.fresh
    round.partial = isBehind || !isCurrent || state!.rows[0]?.['is_ready'] !== true
    await read(round, candidatesOf(fresh!), false)
    await read(round, found.flatMap(candidatesOf), query.readings.length === 1)

    const full = query.readings.filter((_, i) => found[i]!.rows.length === searchLimits.candidates)
    if (full.length > 0 && hits.length < searchLimits.hits) {
      const most = searchLimits.mostCandidates
      const all = await db.batch(orgId, ask(most, full))
      round.partial ||= all.some(({ rows }) => rows.length === most)
      await read(round, all.flatMap(candidatesOf), full.length === 1)
    } else if (full.length > 0) round.partial = true

    if (hits.length >= searchLimits.few) return
    const [near] = await db.batch(orgId, [nearStatement(orgId, query)])
    const meant = near!.rows.map((row) => String(row['word']))
    const likely = likelyStatement(orgId, query, meant, refs, searchLimits.candidates)
    if (likely === null) return
    const [similar] = await db.batch(orgId, [likely])
    await read(round, candidatesOf(similar!), false)
  }

  /** Reads those that were not read yet, and adds what matches. */
  async function read(
    round: Round,
    candidates: readonly Candidate[],
    isRanked: boolean,
  ): Promise<void> {
    const { ctx, query, looks, seen, hits } = round
    const fresh = candidates.filter(({ id }) => !seen.has(id) && seen.add(id))
    const records = new Map<string, RecordData>()
    await Promise.all(
      [...Map.groupBy(fresh, ({ entity }) => entity)].map(async ([ref, some]) => {
        const look = looks.get(ref)
        if (!look) return
        const ids = some.map(({ id }) => id)
        try {
          const found = await reader.getMany(ctx, look.entity, ids, { fields: look.names })
          for (const [id, record] of found) records.set(id, record)
        } catch (error) {
          if (!(error instanceof QueryTooCostlyError)) throw error
          round.partial = true
        }
      }),
    )
    for (const { entity: ref, id } of fresh) {
      // They come by rank, so what follows is no better.
      if (isRanked && hits.length > searchLimits.hits) return
      const record = records.get(id)
      const hit = record && hitOf(query, looks.get(ref)!, record)
      if (hit) hits.push(hit)
    }
  }
}

/** One search while it is under way. */
interface Round {
  readonly ctx: RequestContext
  readonly query: SearchQuery
  readonly looks: ReadonlyMap<string, Look>
  readonly seen: Set<string>
  readonly hits: SearchHit[]
  partial: boolean
}

/** How an entity is looked at by one reader. */
interface Look {
  readonly entity: Entity
  readonly title: string
  readonly others: readonly string[]
  readonly names: readonly string[]
}

function lookOf(ctx: RequestContext, entity: Entity): Look {
  const readable = [...searchedFields(entity)]
    .filter((field) => canReadField(ctx.ability, entity, field.apiName))
    .sort((a, b) => telling(a) - telling(b) || a.order - b.order)
  const title = entity.fields.get(entity.titleField)?.apiName ?? entity.titleField
  const names = readable.map(({ apiName }) => apiName)
  return { entity, title, names, others: names.filter((name) => name !== title) }
}

/** What people are found by comes before other texts, long ones are last. */
function telling(field: Field): number {
  if (field.typeDefinition.sortable !== true) return 2
  return field.definition.pii || field.unique ? 0 : 1
}

function hitOf(query: SearchQuery, look: Look, record: RecordData): SearchHit | null {
  const title = String(record[look.title] ?? '')
  const values = look.others.map((name) => record[name])
  const match = matchRecord(query, title, values)
  return match && { entity: look.entity.plural, id: record.id, title, ...match }
}

/** Records whose last change is not in the index, the newest first. */
const freshText = `select distinct on (o.record_id) o.entity, o.record_id as id
  from (
    (select w.entity, w.record_id
      from kernel.fresh_batches(50) b
      cross join lateral (
        select * from tenant.outbox o where o.org_id = $1 and o.batch_id = b.batch_id offset 0
      ) w)
    union all
    (select w.entity, w.record_id from tenant.outbox w
      where w.org_id = $1 and w.seq > kernel.search_seq() order by w.seq desc limit $3)
  ) o
  where o.record_id is not null and o.entity = any ($2::text[]) limit $3`

const stateText = 'select mark, is_ready from tenant.search_state where org_id = $1'
