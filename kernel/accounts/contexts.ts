import {
  type Brand,
  type Door,
  type FieldValues,
  ForbiddenError,
  type OrgInfo,
  type Principal,
} from '@runwaycrm/sdk'
import { type Ability, type AbilityInput, buildAbility } from '../access/build-ability.ts'
import { isFullAdmin } from '../access/give-role.ts'
import type { RequestContext } from '../context/request-context.ts'
import { excessRights } from '../model/excess-rights.ts'
import type { Model } from '../model/model.ts'
import { resolveRole } from './roles.ts'

/** What an organisation runs on, as the model cache has it. */
export interface OrgRuntime {
  readonly org: OrgInfo
  readonly brand?: Brand
  readonly model: Model
  readonly revision: number
  readonly epoch: number
  readonly settings: ReadonlyMap<string, FieldValues>
}

export interface ContextsDeps {
  /** The model cache. @param epoch the least that will do; without one, a second old will do. */
  readonly orgStates: {
    get(orgId: string, epoch?: number): Promise<OrgRuntime>
    draft(orgId: string): Promise<Model>
  }
  readonly parseOperand?: AbilityInput['parseOperand']
  /** Ends with the process. */
  readonly signal: AbortSignal
}

export interface ContextOptions {
  readonly door: Door
  readonly traceId: string
  /** Default: the process's own. */
  readonly signal?: AbortSignal
  readonly draft?: boolean
}

/** The platform itself. One object for all organisations. */
export const systemPrincipal: Principal = Object.freeze({
  type: 'system',
  id: null,
  name: 'System',
  userId: null,
  roles: [],
  teammates: [],
  scopes: null,
})

/** The model cache holds the rest. */
const mostRecent = 200

/** Turns principals into contexts; rights are worked out once per principal and model. */
export function createContexts(deps: ContextsDeps) {
  const recent = new Map<string, OrgRuntime>()
  /** How often something was forgotten: what was asked for before that is not kept. */
  let forgotten = 0
  const abilities = new WeakMap<Principal, { model: Model; org: OrgInfo; ability: Ability }>()

  function abilityOf(
    principal: Principal,
    { model, org }: Pick<OrgRuntime, 'model' | 'org'>,
  ): Ability {
    const known = abilities.get(principal)
    if (known && known.model === model && known.org === org) return known.ability
    const ability = buildAbility({
      principal,
      roles: principal.roles.flatMap((ref) => model.roles.get(ref) ?? []),
      // A plugin's own work is bounded by its capabilities, which its handlers' context adds.
      all: principal.type === 'system' || principal.type === 'plugin',
      entities: model.entities,
      org,
      ...(deps.parseOperand ? { parseOperand: deps.parseOperand } : {}),
    })
    // The system is one object for all organisations; nothing may hang on it.
    if (principal !== systemPrincipal) abilities.set(principal, { model, org, ability })
    return ability
  }

  function make(
    principal: Principal,
    runtime: OrgRuntime,
    { door, traceId, signal = deps.signal, draft = false }: ContextOptions,
  ): RequestContext {
    return {
      org: runtime.org,
      principal,
      ability: abilityOf(principal, runtime),
      model: runtime.model,
      door,
      traceId,
      now: new Date(),
      signal,
      tx: null,
      changeSet: null,
      draft,
      settings: runtime.settings,
      ...(runtime.brand ? { brand: runtime.brand } : {}),
    }
  }

  /** Synchronous for organisations that this process just served, so that most requests never wait. */
  function runtimeOf(orgId: string, epoch: number): OrgRuntime | Promise<OrgRuntime> {
    const known = recent.get(orgId)
    if (known && known.epoch >= epoch) return known
    const began = forgotten
    return deps.orgStates.get(orgId, epoch).then((runtime) => {
      if (began !== forgotten) return runtime
      recent.delete(orgId)
      recent.set(orgId, runtime)
      if (recent.size > mostRecent) recent.delete(recent.keys().next().value!)
      return runtime
    })
  }

  return {
    make,
    runtimeOf,
    /** After a publish: whoever published works with it at once, and does not wait out their second. */
    forget(orgId: string): void {
      forgotten += 1
      recent.delete(orgId)
    },
    /** Somebody else's rights in the same organisation. */
    abilityIn: (ctx: RequestContext, principal: Principal) => abilityOf(principal, ctx),
    /** The same on the model that publishing the draft would give. @throws ForbiddenError */
    async draft(ctx: RequestContext): Promise<RequestContext> {
      if (!ctx.ability.allows('studio:read') && !ctx.ability.allows('studio:write')) {
        throw new ForbiddenError('Only those who may see the studio may read its draft.')
      }
      const model = await deps.orgStates.draft(ctx.org.id)
      // Who may only look has the rights that are published; who may publish them, those that would be.
      const mayPublish =
        ctx.ability.allows('studio:write') &&
        excessRights(ctx.principal, ctx.model, model, { restores: false }).length === 0
      const roles = mayPublish ? model.roles : ctx.model.roles
      const ability = abilityOf({ ...ctx.principal }, { model: { ...model, roles }, org: ctx.org })
      return { ...ctx, model, ability, draft: true }
    },
    /**
     * What somebody with one role, and no other, would see in the place of an admin. Nobody sees more so than
     * they may themselves.
     *
     * @param seen the same on the model that is looked at. @throws ForbiddenError, InvalidError
     */
    asRole(ctx: RequestContext, seen: RequestContext, name: string): RequestContext {
      if (!isFullAdmin(ctx.principal, ctx.model.roles)) {
        throw new ForbiddenError('Only admins may look at the organisation as another role.')
      }
      const role = resolveRole(seen.model, name.slice(0, 200))
      const principal = { ...ctx.principal, roles: [role] }
      return { ...seen, principal, ability: abilityOf(principal, seen), draft: true }
    },
    /** The organisation with the platform itself as principal and all rights. */
    async system(orgId: string, options: Partial<ContextOptions> = {}): Promise<RequestContext> {
      const runtime = await deps.orgStates.get(orgId)
      const traceId = options.traceId ?? crypto.randomUUID()
      return make(systemPrincipal, runtime, { ...options, door: options.door ?? 'seed', traceId })
    },
  }
}

export type Contexts = ReturnType<typeof createContexts>
