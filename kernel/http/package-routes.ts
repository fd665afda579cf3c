import { actorOf } from '../context/request-context.ts'
import { labelOfContribution } from '../model/labels.ts'
import type { JsonObject } from '../model/leaf.ts'
import type { MergedOverride } from '../model/merge-overrides.ts'
import type { Model } from '../model/model.ts'
import type { PackageChange, Packages } from '../model/packages.ts'
import type { PlanItem } from '../model/plan-item.ts'
import { type ReviewDecision, toReviewItem } from '../model/resolve-review.ts'
import type { Revisions } from '../model/revisions.ts'
import { inReadersLanguage } from '../model/words.ts'
import { listParts } from '../studio/list-parts.ts'
import { itemsFor } from './reader.ts'
import type { Call, JsonSchema, RouteDeclaration } from './route.ts'

export interface PackageRoutesDeps {
  readonly packages: Packages
  readonly revisions: Pick<Revisions, 'draft' | 'resolve' | 'document'>
  /** What changes for an organisation, in plain words. */
  planBetween(orgId: string, before: Model, after: Model): Promise<readonly PlanItem[]>
}

const object = { type: 'object' } as const
const text = (maxLength: number): JsonSchema => ({ type: 'string', maxLength, minLength: 1 })

/** Declarative packages of an organisation, and what its own changes make of an upgrade. */
export function packageRoutes(deps: PackageRoutesDeps): RouteDeclaration[] {
  const { packages, revisions } = deps
  const shared = {
    auth: 'principal',
    tag: 'studio',
    query: {},
    rate: 'normal',
    body: null,
    response: { 200: object },
  } as const
  const look = { ...shared, method: 'GET', idempotency: 'safe', permission: 'studio:read' } as const
  const shape = { ...shared, method: 'POST', permission: 'studio:write' } as const
  const orgOf = (call: Call) => call.context().org.id
  const actor = (call: Call) => actorOf(call.context().principal)

  return [
    {
      ...look,
      path: '/studio/packages',
      summary: 'The packages of the organisation',
      handler: async (call) => ({
        status: 200,
        body: { data: await packages.list(orgOf(call)) },
      }),
    },
    {
      ...shape,
      path: '/studio/packages',
      summary: 'Install a package or another version of it, or see what that would change',
      idempotency: 'key',
      body: {
        ...object,
        additionalProperties: false,
        required: ['manifest'],
        properties: { manifest: object, params: object, dryRun: { type: 'boolean' } },
      },
      handler: async (call) => {
        const { manifest, ...options } = call.body as InstallBody
        const by = call.context().principal
        const change = await packages.install(orgOf(call), manifest, actor(call), {
          ...options,
          by,
        })
        return { status: 200, body: await answerOf(call, change, options.dryRun) }
      },
    },
    {
      ...shape,
      method: 'DELETE',
      path: '/studio/packages/:id',
      summary: 'Take a package away; its data stays and comes back with it',
      idempotency: 'natural',
      query: { dryRun: { type: 'string', enum: ['true', 'false'] } },
      handler: async (call) => {
        const dryRun = call.query['dryRun'] === 'true'
        const by = call.context().principal
        const change = await packages.remove(orgOf(call), call.params['id']!, { by, dryRun })
        return { status: 200, body: await answerOf(call, change, dryRun) }
      },
    },
    {
      ...look,
      method: 'POST',
      path: '/studio/export/parts',
      summary: 'What an export can take, what comes along with some of it, and values in that',
      body: {
        ...object,
        additionalProperties: false,
        properties: { pick: { type: 'array', items: text(200), maxItems: 1000 } },
      },
      bodyOptional: true,
      handler: async (call) => {
        const { pick = [] } = (call.body ?? {}) as { pick?: readonly string[] }
        const ctx = call.context()
        const document = await revisions.document(ctx.org.id)
        const words = inReadersLanguage(ctx, call.request.headers['accept-language'])
        return { status: 200, body: listParts(document, ctx.model, words, pick) }
      },
    },
    {
      ...look,
      path: '/studio/review',
      summary: 'What the organisation changed and an upgrade changed as well',
      handler: async (call) => {
        const { review } = await revisions.draft(orgOf(call))
        return { status: 200, body: { data: told(call, review) } }
      },
    },
    {
      ...shape,
      path: '/studio/review',
      summary: 'Keep the own value over the new one, or take the new one',
      idempotency: 'natural',
      body: {
        ...object,
        additionalProperties: false,
        required: ['point', 'target', 'path', 'take'],
        properties: {
          point: text(63),
          target: text(200),
          path: { type: 'array', items: text(100), minItems: 1, maxItems: 12 },
          take: { type: 'string', enum: ['mine', 'theirs'] },
        },
      },
      handler: async (call) => {
        const { review } = await revisions.resolve(
          orgOf(call),
          call.body as ReviewDecision,
          actor(call),
        )
        return { status: 200, body: { data: told(call, review) } }
      },
    },
  ]

  /** With what people call the thing that was changed; its reference when it is gone. */
  function told(call: Call, review: readonly MergedOverride[]) {
    const ctx = call.context()
    return review.map((one) => {
      const item = toReviewItem(one)
      const { point, target: ref } = item
      const found = ctx.model.contributions.get(point)?.get(ref)?.definition
      const definition = found as JsonObject | undefined
      return {
        ...item,
        label: definition ? labelOfContribution(ctx, point, { ref, definition }) : ref,
      }
    })
  }

  async function answerOf(call: Call, change: PackageChange, dryRun = false) {
    const { id, version, from, before, after } = change
    const review = change.review.map((one: MergedOverride) => toReviewItem(one))
    const items = dryRun
      ? { items: itemsFor(call, await deps.planBetween(orgOf(call), before, after)) }
      : {}
    return { id, version, from, ...items, review }
  }
}

interface InstallBody {
  readonly manifest: unknown
  readonly params?: Readonly<Record<string, unknown>>
  readonly dryRun?: boolean
}
