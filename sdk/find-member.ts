import type { HandlerContext, RecordData } from './context.ts'
import { NotFoundError } from './errors.ts'
import { invalidAt } from './invalid-input.ts'
import { toId } from './values.ts'

export interface FoundMember {
  readonly id: string
  readonly name: string
}

/**
 * Finds the member that a person or an agent means: an id, `me`, an email, a full name, or a part of a
 * name that only one active member has.
 *
 * @param path of the input property, for the answer when nobody or several are found.
 * @throws InvalidError UNKNOWN_RECORD or AMBIGUOUS, naming the candidates.
 */
export async function findMember(
  ctx: Pick<HandlerContext, 'records' | 'principal'>,
  text: string,
  path: string,
): Promise<FoundMember> {
  const wanted = text.trim()
  if (wanted === 'me' || wanted === '@me') return findMyself(ctx, path)
  if (toId(wanted) !== null) return findById(ctx, wanted, path)
  const active = { active: { $ne: false } }
  const filter = wanted.includes('@')
    ? { ...active, email: wanted.toLowerCase() }
    : { ...active, name: { $contains: wanted } }
  const { data } = await ctx.records.list('kernel:user', {
    filter,
    fields: ['name', 'email'],
    sort: 'name',
    limit: 50,
  })
  const exact = data.filter((user) => nameOf(user).toLowerCase() === wanted.toLowerCase())
  const found = exact.length > 0 ? exact : data
  if (found.length === 0) throw invalidAt(path, 'UNKNOWN_RECORD', `There is no member "${wanted}".`)
  if (found.length > 1) {
    const names = found.slice(0, 5).map((user) => nameOf(user))
    throw invalidAt(
      path,
      'AMBIGUOUS',
      `"${wanted}" fits ${found.length} members: ${names.join(', ')}. Give the email or the id.`,
    )
  }
  return { id: found[0]!.id, name: nameOf(found[0]!) }
}

async function findMyself(
  ctx: Pick<HandlerContext, 'records' | 'principal'>,
  path: string,
): Promise<FoundMember> {
  const { userId } = ctx.principal
  if (!userId)
    throw invalidAt(
      path,
      'UNKNOWN_RECORD',
      'Nobody stands behind this call; name a member instead.',
    )
  return findById(ctx, userId, path)
}

async function findById(
  ctx: Pick<HandlerContext, 'records'>,
  id: string,
  path: string,
): Promise<FoundMember> {
  try {
    const user = await ctx.records.get('kernel:user', id, { fields: ['name'] })
    return { id: user.id, name: nameOf(user) }
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw invalidAt(path, 'UNKNOWN_RECORD', 'There is no such member.')
  }
}

function nameOf(user: RecordData): string {
  return String(user['name'] ?? '')
}
