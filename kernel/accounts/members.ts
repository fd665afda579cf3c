import type { FieldValues, ListQuery, RecordData, RecordPage } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Entity } from '../model/model.ts'
import { resolveRoles } from './roles.ts'

/** The kernel's own entity: a member of an organisation, with or without sign-in. */
const userEntity = 'kernel:user'

export interface MembersDeps {
  readonly reader: {
    list(ctx: RequestContext, entity: Entity, query: ListQuery): Promise<RecordPage>
  }
  readonly writer: {
    create(ctx: RequestContext, entity: Entity, values: FieldValues): Promise<RecordData>
    update(
      ctx: RequestContext,
      entity: Entity,
      id: string,
      values: FieldValues,
    ): Promise<RecordData>
  }
  /** The organisation with the platform itself as principal. */
  systemContext(orgId: string): Promise<RequestContext>
}

export interface Member {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly roles: readonly string[]
  readonly teamId: string | null
}

/** Records of `kernel:user` as sign-in needs them; the only place in accounts that touches records. */
export function createMembers({ reader, writer, systemContext }: MembersDeps) {
  const find = async (orgId: string, filter: ListQuery['filter'] & object) => {
    const ctx = await systemContext(orgId)
    const page = await reader.list(ctx, usersOf(ctx), {
      filter,
      fields: ['name', 'email', 'roles', 'teamId', 'active'],
      limit: 1,
    })
    return page.data[0] ?? null
  }

  return {
    /** @returns null when the record is deleted or not active: then there is no access. */
    async findActive(orgId: string, userId: string): Promise<Member | null> {
      const record = await find(orgId, { id: userId })
      return record && record['active'] !== false ? toMember(record) : null
    },
    async findByEmail(orgId: string, email: string): Promise<Member | null> {
      const record = await find(orgId, { email })
      return record && toMember(record)
    },
    /** Ids of those in the same team, the user included. */
    async teammates(orgId: string, member: Member): Promise<readonly string[]> {
      if (member.teamId === null) return [member.id]
      const ctx = await systemContext(orgId)
      const ids = new Set([member.id])
      let cursor: string | undefined
      do {
        const page = await reader.list(ctx, usersOf(ctx), {
          filter: { teamId: member.teamId },
          fields: ['id'],
          limit: 200,
          ...(cursor === undefined ? {} : { cursor }),
        })
        for (const record of page.data) ids.add(record.id)
        cursor = page.page.nextCursor ?? undefined
      } while (cursor !== undefined)
      return [...ids].sort()
    },
    /** @throws InvalidError when one of the roles is gone. */
    async checkRoles(orgId: string, roles: readonly string[]): Promise<void> {
      resolveRoles((await systemContext(orgId)).model, roles)
    },
    async create(orgId: string, values: FieldValues): Promise<string> {
      const ctx = await systemContext(orgId)
      return (await writer.create(ctx, usersOf(ctx), values)).id
    },
    async update(orgId: string, userId: string, values: FieldValues): Promise<void> {
      const ctx = await systemContext(orgId)
      await writer.update(ctx, usersOf(ctx), userId, values)
    },
  }
}

export type Members = ReturnType<typeof createMembers>

function usersOf(ctx: RequestContext): Entity {
  const entity = ctx.model.entities.get(userEntity)
  if (!entity) throw new Error(`The model has no ${userEntity}.`)
  return entity
}

function toMember(record: RecordData): Member {
  return {
    id: record.id,
    name: String(record['name'] ?? ''),
    email: String(record['email'] ?? ''),
    roles: Array.isArray(record['roles']) ? record['roles'].map(String) : [],
    teamId: typeof record['teamId'] === 'string' ? record['teamId'] : null,
  }
}
