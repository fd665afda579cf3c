import {
  type Filter,
  InvalidError,
  type ListQuery,
  QueryTooCostlyError,
  type RecordData,
  type RecordPage,
} from '@runwaycrm/sdk'
import { canReadField } from '../access/field-mask.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity, Field } from '../model/model.ts'
import { namesOf } from './query-values.ts'
import type { RouteDeclaration } from './route.ts'

interface SearchDeps {
  readonly reader: {
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
  }
}

export interface SearchHit {
  readonly entity: string
  readonly id: string
  readonly title: string
  /** The value that matched, when it is not the title. */
  readonly snippet: string
  /** 1 is the title itself; whatever only holds the text somewhere is near 0. */
  readonly score: number
}

const most = { text: 200, fields: 5, perEntity: 10, hits: 50, atOnce: 4 } as const

/**
 * Looks for a text in titles and short texts of every entity that the reader sees, through the same
 * compiler as a list, so that nothing is found that a list would not show.
 */
export function searchRoutes({ reader }: SearchDeps): RouteDeclaration[] {
  return [
    {
      method: 'GET',
      path: '/search',
      summary: 'Find records by a text in them',
      tag: 'records',
      auth: 'principal',
      permission: null,
      rate: 'costly',
      idempotency: 'safe',
      query: { q: { type: 'string' }, entities: { type: 'string' } },
      body: null,
      response: { 200: { type: 'object' } },
      handler: async (call) => {
        const ctx = call.context()
        const text = (call.query['q'] ?? '').trim().slice(0, most.text)
        if (text === '') return { status: 200, body: { data: [], partial: false } }
        const entities = entitiesOf(ctx, namesOf(call.query['entities']))
        return { status: 200, body: await search(ctx, entities, text) }
      },
    },
  ]

  async function search(ctx: RequestContext, entities: readonly Entity[], text: string) {
    const hits: SearchHit[] = []
    let partial = false
    const waiting = [...entities]
    const work = async () => {
      for (let entity = waiting.shift(); entity; entity = waiting.shift()) {
        const found = await searchIn(ctx, entity, text)
        if (found === null) partial = true
        else hits.push(...found)
      }
    }
    await Promise.all(Array.from({ length: most.atOnce }, work))
    hits.sort((a, b) => b.score - a.score || compare(a.title, b.title))
    return { data: hits.slice(0, most.hits), partial: partial || hits.length > most.hits }
  }

  /** @returns null when it took too long. */
  async function searchIn(ctx: RequestContext, entity: Entity, text: string) {
    const fields = searchedFields(ctx, entity)
    if (fields.length === 0) return []
    const names = fields.map((field) => field.apiName)
    const filter: Filter = { $or: names.map((name) => ({ [name]: { $contains: text } })) }
    const title = entity.fields.get(entity.titleField)?.apiName ?? entity.titleField
    const isShown = !names.includes(title) && canReadField(ctx.ability, entity, title)
    try {
      const page = await reader.list(ctx, entity, {
        filter,
        fields: isShown ? [title, ...names] : names,
        limit: most.perEntity,
      })
      return page.data.map((record) => toHit(entity, record, title, names, text))
    } catch (error) {
      if (error instanceof QueryTooCostlyError) return null
      throw error
    }
  }
}

function entitiesOf(ctx: RequestContext, names: readonly string[] | undefined): Entity[] {
  const readable = [...ctx.model.entities.values()].filter(
    (entity) => !entity.definition.hidden && ctx.ability.can('read', entity.ref),
  )
  if (names === undefined) return readable
  const chosen = names.map((name) =>
    readable.find((entity) => entity.plural === name || entity.ref === name),
  )
  const unknown = names.filter((_, index) => !chosen[index])
  if (unknown.length === 0) return chosen as Entity[]
  throw new InvalidError(undefined, {
    errors: unknown.map((name) => ({
      path: 'entities',
      code: 'UNKNOWN_OPTION' as const,
      message: `There is no "${name.slice(0, 60)}" that you may read.`,
    })),
  })
}

/** The title, then what people are found by, then other short texts. */
function searchedFields(ctx: RequestContext, entity: Entity): Field[] {
  return [...entity.fields.values()]
    .filter(
      (field) =>
        field.typeDefinition.kind === 'text' &&
        field.typeDefinition.sortable === true &&
        field.typeDefinition.operators.includes('$contains') &&
        canReadField(ctx.ability, entity, field.apiName),
    )
    .sort((a, b) => rank(entity, a) - rank(entity, b) || a.order - b.order)
    .slice(0, most.fields)
}

function rank(entity: Entity, field: Field): number {
  if (field.key === entity.titleField) return 0
  return field.definition.pii || field.unique ? 1 : 2
}

function toHit(
  entity: Entity,
  record: RecordData,
  titleName: string,
  names: readonly string[],
  text: string,
): SearchHit {
  const title = String(record[titleName] ?? '')
  const needle = text.toLowerCase()
  const inTitle = title.toLowerCase()
  const other = names
    .map((name) => String(record[name] ?? ''))
    .find((value) => value !== title && value.toLowerCase().includes(needle))
  return {
    entity: entity.plural,
    id: record.id,
    title,
    snippet: other ?? '',
    score: scoreOf(inTitle, needle),
  }
}

function scoreOf(title: string, needle: string): number {
  if (title === needle) return 1
  if (title.startsWith(needle)) return 0.9
  const at = title.indexOf(needle)
  if (at < 0) return 0.3
  return /\W/.test(title[at - 1] ?? '') ? 0.8 : 0.6
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
