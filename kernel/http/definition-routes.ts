import { InvalidError, NotFoundError } from '@runwaycrm/sdk'
import type { Desk } from '../model/desk.ts'
import type { Words } from '../model/words.ts'
import { describeContribution } from '../studio/describe-contribution.ts'
import { listChanges } from '../studio/list-changes.ts'
import { listContributions } from '../studio/list-contributions.ts'
import { listPoints } from '../studio/list-points.ts'
import type { Call, JsonSchema, RouteDeclaration } from './route.ts'

export interface DefinitionRoutesDeps {
  readonly revisions: { desk(orgId: string): Promise<Desk> }
}

const object = { type: 'object' } as const
const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength })

/** What the organisation is made of, definition by definition, as its draft has it. */
export function definitionRoutes({ revisions }: DefinitionRoutesDeps): RouteDeclaration[] {
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
    const ctx = call.context()
    const desk = await revisions.desk(ctx.org.id)
    return { desk, words: { ...ctx, model: desk.after } }
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
        const point = desk.after.points.get(call.params['point']!)
        const found = point && describeContribution(desk, words, point, call.params['ref']!)
        if (!found) throw new NotFoundError()
        return { status: 200, body: found }
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
  ]
}

function wrongPoint(code: 'REQUIRED' | 'UNKNOWN_OPTION', message: string) {
  return new InvalidError(undefined, { errors: [{ path: 'point', code, message }] })
}
