import { InvalidError, NotFoundError } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { definitionsOf } from '../model/definitions.ts'
import type { Desk } from '../model/desk.ts'
import type { NamedUse } from '../model/plan-uses.ts'
import type { Revisions } from '../model/revisions.ts'
import { inReadersLanguage, type Words } from '../model/words.ts'
import type { Reader } from '../records/read.ts'
import { createAccessDiff } from '../studio/access-diff.ts'
import { describeContribution } from '../studio/describe-contribution.ts'
import { impactOf } from '../studio/impact.ts'
import { describeRevision, listChanges } from '../studio/list-changes.ts'
import { listContributions } from '../studio/list-contributions.ts'
import { listPoints } from '../studio/list-points.ts'
import { listSchemas } from '../studio/list-schemas.ts'
import type { Call, JsonSchema, RouteDeclaration } from './route.ts'

export interface DefinitionRoutesDeps {
  readonly reader: Pick<Reader, 'list' | 'count'>
  systemContext(orgId: string): Promise<RequestContext>
  /** What names parts of the model without being in it. */
  usesElsewhere(orgId: string): Promise<readonly NamedUse[]>
  readonly db: Database
  readonly revisions: Pick<Revisions, 'desk' | 'list' | 'document'>
}

const object = { type: 'object' } as const
const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength })

/** What the organisation is made of, definition by definition, as its draft has it. */
export function definitionRoutes(deps: DefinitionRoutesDeps): RouteDeclaration[] {
  const { revisions } = deps
  const accessDiff = createAccessDiff(deps)
  const look = {
    auth: 'principal',
    method: 'GET',
    permission: 'studio:read',
    tag: 'studio',
    query: {},
    rate: 'normal',
    idempotency: 'safe',
    body: null,
    response: { 200: object },
  } as const

  async function seen(call: Call): Promise<{ readonly desk: Desk; readonly words: Words }> {
    const ctx = inReadersLanguage(call.context(), call.request.headers['accept-language'])
    const desk = await revisions.desk(ctx.org.id)
    const words: Words = { ...ctx, model: desk.after }
    return { desk, words: inReadersLanguage(words, call.request.headers['accept-language']) }
  }

  return [
    {
      ...look,
      path: '/studio/points',
      summary: 'The points that definitions stand under, with their schemas',
      handler: async (call) => {
        const { desk, words } = await seen(call)
        return { status: 200, body: { data: listPoints(desk, words) } }
      },
    },
    {
      ...look,
      path: '/studio/contributions',
      summary: 'What stands under a point in the draft',
      query: { point: text(63), q: text(200) },
      handler: async (call) => {
        const { point: name, q } = call.query
        if (name === undefined) throw wrongPoint('REQUIRED', 'This is required.')
        const { desk, words } = await seen(call)
        const point = desk.after.points.get(name)
        if (!point) throw wrongPoint('UNKNOWN_OPTION', `There is no point "${name}".`)
        return { status: 200, body: { data: listContributions(desk, words, point, q) } }
      },
    },
    {
      ...look,
      path: '/studio/contributions/:point/:ref',
      summary: 'One definition: in the draft, beneath it, as published, and what refers to it',
      handler: async (call) => {
        const { desk, words } = await seen(call)
        const { point: name = '', ref = '' } = call.params
        const point = desk.after.points.get(name)
        if (!point || !definitionsOf(desk, point, ref)) throw new NotFoundError()
        const elsewhere = await deps.usesElsewhere(desk.published.org.id)
        return { status: 200, body: describeContribution(desk, words, point, ref, elsewhere)! }
      },
    },
    {
      ...look,
      path: '/studio/schemas',
      summary: 'Schemas that definitions bring for parts of others, such as the input of an action',
      query: { of: text(12_000) },
      handler: async (call) => {
        const { desk, words } = await seen(call)
        return { status: 200, body: { data: listSchemas(desk, words, call.query['of'] ?? '') } }
      },
    },
    {
      ...look,
      path: '/studio/impact',
      summary: 'What taking a definition or a field away would concern',
      query: { point: text(63), ref: text(200), field: text(63) },
      handler: async (call) => {
        const { point: name = '', ref = '', field } = call.query
        const { desk, words } = await seen(call)
        const point = desk.after.points.get(name)
        if (!point || !definitionsOf(desk, point, ref)) throw new NotFoundError()
        const orgId = desk.published.org.id
        const [elsewhere, ctx] = await Promise.all([
          deps.usesElsewhere(orgId),
          deps.systemContext(orgId),
        ])
        const about = { point: name, ref, ...(field !== undefined && { field }) }
        const body = await impactOf(desk, words, about, elsewhere, (entity, filter) =>
          deps.reader.count(ctx, entity, filter),
        )
        return { status: 200, body }
      },
    },
    {
      ...look,
      method: 'POST',
      path: '/studio/access-diff',
      summary: 'Who would gain or lose which records, fields and rights by publishing',
      rate: 'costly',
      handler: async (call) => {
        const { desk, words } = await seen(call)
        return { status: 200, body: await accessDiff(desk, words) }
      },
    },
    {
      ...look,
      path: '/studio/changes',
      summary: 'What the draft changes, and who changed it',
      handler: async (call) => {
        const { desk, words } = await seen(call)
        return { status: 200, body: listChanges(desk, words) }
      },
    },
    {
      ...look,
      path: '/studio/revisions/:n',
      summary: 'One revision and what it changed of the one before it',
      handler: async (call) => {
        const { desk, words } = await seen(call)
        const body = await describeRevision(revisions, desk, words, call.params['n']!)
        return { status: 200, body }
      },
    },
  ]
}

function wrongPoint(code: 'REQUIRED' | 'UNKNOWN_OPTION', message: string) {
  return new InvalidError(undefined, { errors: [{ path: 'point', code, message }] })
}
