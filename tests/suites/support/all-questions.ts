import type { Entity, Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import type { Person } from './people.ts'
import type { Setting } from './permission-setting.ts'
import { queryOf } from './reading.ts'
import { relationName } from './sample-values.ts'

interface Question {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly body?: object
}

/**
 * Everything that somebody may ask about records, through every surface that reads, values among it that
 * they do not see: an answer that depends on such a value tells it.
 */
export function allQuestions({ model, living, deleted }: Setting): Question[] {
  const questions: Question[] = [
    { method: 'GET', url: '/model' },
    { method: 'GET', url: '/openapi.json' },
    { method: 'GET', url: '/changes?limit=200' },
    { method: 'GET', url: '/search?q=canary' },
    { method: 'GET', url: '/search?q=hidden' },
    ...report('forecast_revenue', { period: 'this_year' }),
    ...report('pipeline_health', {}),
  ]
  for (const entity of model.entities.values()) {
    const records = [...living.get(entity.ref)!.values()]
    const all = [...records, ...deleted.get(entity.ref)!.values()]
    questions.push(...ofEntity(entity, all))
    for (const field of entity.byApiName.values())
      questions.push(...ofField(entity, field, records))
    const list = { method: 'list', entity: entity.ref, query: { limit: 200 } }
    questions.push({ method: 'POST', url: '/actions/suites.probe:read', body: { input: list } })
  }
  return questions
}

function report(name: string, input: object): Question[] {
  return [{ method: 'POST', url: `/actions/crm.opportunities:${name}`, body: { input } }]
}

function ofEntity({ plural, byApiName, ref }: Entity, records: readonly Facts[]): Question[] {
  const relations = [...byApiName.values()].filter(({ target }) => target !== null)
  const get = (url: string): Question => ({ method: 'GET', url: `/${plural}${url}` })
  const explain = (id: unknown, action: string): Question => ({
    method: 'GET',
    url: `/access/explain?${queryOf({ entity: ref, id, action })}`,
  })
  return [
    get('?limit=200&count=exact'),
    get('?limit=200&count=estimate'),
    get('?limit=200&deleted=only'),
    ...relations.map((field) => get(`?limit=200&expand=${relationName(field)}`)),
    ...records.flatMap(({ id }) => [
      get(`/${id}`),
      get(`/${id}/history?limit=200`),
      get(`/${id}/timeline?limit=200`),
      explain(id, 'read'),
      explain(id, 'update'),
    ]),
  ]
}

function ofField({ plural }: Entity, field: Field, records: readonly Facts[]): Question[] {
  const { apiName, typeDefinition } = field
  const list = (query: Record<string, unknown>): Question => ({
    method: 'GET',
    url: `/${plural}?${queryOf({ limit: '200', ...query })}`,
  })
  const sum = (body: object): Question => ({ method: 'POST', url: `/${plural}/aggregate`, body })
  const filter = (test: unknown) => list({ filter: { [apiName]: test }, fields: 'id' })
  const known = records.map((record) => record[apiName] ?? null)
  const guesses = [...new Set(known.filter((value) => typeof value !== 'object'))].slice(0, 2)
  return [
    list({ fields: apiName }),
    filter({ $exists: true }),
    filter({ $exists: false }),
    ...guesses.map((value) => filter({ $eq: value })),
    ...(typeof guesses[0] === 'number' ? [filter({ $gte: guesses[0] })] : []),
    ...(typeDefinition.sortable ? [list({ sort: apiName }), list({ sort: `-${apiName}` })] : []),
    ...(typeDefinition.groupable
      ? [sum({ groupBy: [{ field: apiName }], measures: { n: { count: '*' } }, sort: '-n' })]
      : []),
    ...['count', 'countDistinct', ...(typeDefinition.measures ?? [])].map((kind) =>
      sum({ measures: { m: { [kind]: apiName } } }),
    ),
  ]
}

/**
 * The answers to them, to the byte, but for the id of the request, and the number of the last event: it rises with what
 * anybody changes, as every live connection tells.
 */
export async function answersTo(
  questions: readonly Question[],
  { caller }: Person,
): Promise<string[]> {
  const answers: string[] = []
  for (const { method, url, body } of questions) {
    const { statusCode, headers, body: text } = await caller.call(method, url, body)
    const plain = text
      .replace(/"requestId":"[^"]*"/, '')
      .replace(/^(\{"revision":.{1,200}"live":\{"cursor":")\d+/, '$1')
    // What is left out is ASCII.
    const length = Number(headers['content-length']) - (text.length - plain.length)
    answers.push(`${statusCode} ${length} ${headers['etag']} ${plain}`)
  }
  return answers
}

export const textOf = ({ method, url, body }: Question): string =>
  `${method} ${url} ${JSON.stringify(body) ?? ''}`
