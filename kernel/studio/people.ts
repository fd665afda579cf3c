import type { Filter } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Reader } from '../records/read.ts'

/** An active member, as far as rights depend on them. */
export interface Person {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  /** Those in the same team, the person included. */
  readonly teammates: readonly string[]
}

/** An organisation with more members is told of the first of them. */
const mostRead = 5_000

/** Who is counted, and read. */
const active: Filter = { active: { $ne: false } }

/** Active members with any of these roles, however many there are. @param ctx with all rights. */
export async function countHolders(
  reader: Pick<Reader, 'count'>,
  ctx: RequestContext,
  roles: readonly string[],
): Promise<number> {
  const users = ctx.model.entities.get('kernel:user')
  if (!users) return 0
  const held = roles.map((ref): Filter => ({ roles: { $contains: ref } }))
  return reader.count(ctx, users, { $and: [active, { $or: held }] })
}

/** @param ctx with all rights. */
export async function readPeople(
  reader: Pick<Reader, 'list'>,
  ctx: RequestContext,
): Promise<Person[]> {
  const users = ctx.model.entities.get('kernel:user')
  if (!users) return []
  const found: { id: string; name: string; roles: readonly string[]; team: string | null }[] = []
  let cursor: string | null = null
  do {
    const { data, page } = await reader.list(ctx, users, {
      filter: active,
      fields: ['name', 'roles', 'teamId'],
      limit: 200,
      ...(cursor !== null && { cursor }),
    })
    for (const { id, name, roles, teamId } of data) {
      found.push({
        id,
        name: String(name ?? ''),
        roles: Array.isArray(roles) ? roles.map(String) : [],
        team: typeof teamId === 'string' ? teamId : null,
      })
    }
    cursor = page.nextCursor
  } while (cursor !== null && found.length < mostRead)
  const teams = Map.groupBy(found, ({ team }) => team)
  return found.map(({ team, ...person }) => ({
    ...person,
    teammates: team === null ? [person.id] : teams.get(team)!.map(({ id }) => id),
  }))
}
