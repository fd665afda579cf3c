import { ForbiddenError, InvalidError } from '@runwaycrm/sdk'
import { actorOf, type RequestContext } from '../context/request-context.ts'
import type { Model } from '../model/model.ts'
import type { Directory } from './directory.ts'
import type { Principals } from './principals.ts'
import { adminRole, isAdmin, resolveRole } from './roles.ts'
import { newKey, tokenHash } from './tokens.ts'

export interface NewKeyInput {
  readonly name: string
  /** Reference or key of a role; without one the key acts as an admin within its scopes. */
  readonly role?: string | undefined
  /** Null or none: whatever the role allows. */
  readonly scopes?: readonly string[] | null | undefined
}

export interface CreatedKey {
  readonly id: string
  /** The key itself: shown now, stored nowhere. */
  readonly key: string
  /** What may be shown later to recognise it. */
  readonly prefix: string
  readonly role: string
  readonly scopes: readonly string[] | null
}

interface CredentialsDeps {
  readonly directory: Directory
  readonly principals: Principals
  readonly region: string
}

/**
 * API keys. `create` is for whoever runs the deployment; `service` is what plugins get as
 * `kernel.credentials`, bound to the caller's rights.
 */
export function createCredentials({ directory, principals, region }: CredentialsDeps) {
  async function create(
    place: { readonly orgId: string; readonly model: Model; readonly createdBy: object },
    input: NewKeyInput,
  ): Promise<CreatedKey> {
    const name = input.name.trim()
    if (name === '' || name.length > 120) {
      throw invalid(
        'name',
        name === '' ? 'REQUIRED' : 'TOO_LONG',
        'A name has 1 to 120 characters.',
      )
    }
    const role = keyRole(place.model, input.role)
    const scopes = input.scopes == null ? null : checkScopes(place.model, input.scopes)
    const key = newKey(region)
    await directory.addKey({
      id: key.id,
      orgId: place.orgId,
      secretHash: tokenHash(key.secret),
      name,
      roles: [role],
      scopes,
      createdBy: place.createdBy,
    })
    return { id: key.id, key: key.text, prefix: `rk_${region}_${key.id}`, role, scopes }
  }

  async function revoke(orgId: string, id: string): Promise<boolean> {
    const revoked = await directory.revokeKey(orgId, id)
    principals.forget()
    return revoked
  }

  return {
    create,
    revoke,
    /** Contributed to plugins as service `kernel.credentials`, version 1. */
    service: {
      async createKey(ctx: RequestContext, input: NewKeyInput): Promise<CreatedKey> {
        mayManage(ctx)
        const role = keyRole(ctx.model, input.role)
        checkNotMore(ctx, role, input.scopes ?? null)
        const place = { orgId: ctx.org.id, model: ctx.model, createdBy: actorOf(ctx.principal) }
        return create(place, { ...input, role })
      },
      async revokeKey(ctx: RequestContext, input: { id: string }): Promise<{ revoked: boolean }> {
        mayManage(ctx)
        return { revoked: await revoke(ctx.org.id, input.id) }
      },
      /** When each key was last used, to the minute. */
      async keyUses(ctx: RequestContext): Promise<readonly { id: string; lastUsedAt: string }[]> {
        const uses = await directory.keyUses(ctx.org.id)
        return uses.map((use) => ({ id: use.id, lastUsedAt: use.last_used_at }))
      },
    },
  }
}

const permissions = ['import', 'export', 'members:manage', 'keys:manage', 'settings:write']

/** @throws InvalidError naming every scope that says nothing. */
function checkScopes(model: Model, scopes: readonly string[]): string[] {
  const errors = []
  for (const [index, scope] of scopes.entries()) {
    if (isScope(model, scope)) continue
    errors.push({
      path: `scopes[${index}]`,
      code: 'UNKNOWN_OPTION' as const,
      message: `"${scope}" is no scope. Scopes: <plural>:read|write, *:read|write, actions:<plugin>:<key>, actions:*, studio:read|write, import, export.`,
    })
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return [...new Set(scopes)]
}

function isScope(model: Model, scope: string): boolean {
  if (permissions.includes(scope)) return true
  const [area, ...rest] = scope.split(':')
  const right = rest.join(':')
  if (area === 'actions') return right === '*' || model.actions.has(right)
  const isRight = right === 'read' || right === 'write'
  return isRight && (area === '*' || area === 'studio' || model.entityByPlural.has(area ?? ''))
}

function keyRole(model: Model, name: string | undefined): string {
  const role = name === undefined ? adminRole(model) : resolveRole(model, name)
  if (role) return role
  throw invalid('role', 'REQUIRED', 'Name the role of the key.')
}

function mayManage(ctx: RequestContext): void {
  if (ctx.ability.allows('keys:manage')) return
  throw new ForbiddenError('Your role does not allow to manage API keys.')
}

/** A key never carries more than whoever makes it: neither a role they lack nor wider scopes. */
function checkNotMore(ctx: RequestContext, role: string, scopes: readonly string[] | null): void {
  const { roles, scopes: own, type } = ctx.principal
  if (type !== 'system' && !isAdmin(ctx.model, roles) && !roles.includes(role)) {
    throw new ForbiddenError('A key may have one of your own roles only.')
  }
  if (own === null) return
  const wider = scopes === null || scopes.some((scope) => !isCovered(scope, own))
  if (wider) throw new ForbiddenError('A key may have scopes of your own key only.')
}

function isCovered(scope: string, own: readonly string[]): boolean {
  if (own.includes(scope)) return true
  // `*:write` is about records; `settings:write` only reads like one of them.
  if (permissions.includes(scope)) return false
  if (scope.startsWith('actions:')) return own.includes('actions:*')
  const [area, right] = scope.split(':')
  return area !== 'studio' && right !== undefined && own.includes(`*:${right}`)
}

function invalid(path: string, code: 'REQUIRED' | 'TOO_LONG', message: string) {
  return new InvalidError(undefined, { errors: [{ path, code, message }] })
}
