import { ForbiddenError, type HandlerContext, type RecordData } from '@runwaycrm/sdk'
import type { RequestRow } from './request.ts'

export interface Member {
  readonly id: string
  readonly name: string
  readonly email: string | null
  readonly roles: readonly string[]
  readonly managerId: string | null
}

const userEntity = 'kernel:user'
const mostHolders = 100

const toMember = (record: RecordData): Member => ({
  id: record.id,
  name: String(record['name'] ?? ''),
  email: typeof record['email'] === 'string' ? record['email'] : null,
  roles: Array.isArray(record['roles']) ? record['roles'].map(String) : [],
  managerId: typeof record['managerId'] === 'string' ? record['managerId'] : null,
})

/** Null for whoever is no active member. */
export async function findMember(plugin: HandlerContext, id: string): Promise<Member | null> {
  const filter = { id, active: { $ne: false } }
  const { data } = await plugin.records.list(userEntity, { filter, limit: 1 })
  return data[0] ? toMember(data[0]) : null
}

/** Whoever may decide now. */
export async function decidersOf(
  plugin: HandlerContext,
  { assignee, role }: Pick<RequestRow, 'assignee' | 'role'>,
): Promise<readonly Member[]> {
  if (assignee !== null) {
    const member = await findMember(plugin, assignee)
    return member ? [member] : []
  }
  if (role === null) return []
  const { data } = await plugin.records.list(userEntity, {
    filter: { roles: { $contains: role }, active: { $ne: false } },
    limit: mostHolders,
  })
  return data.map(toMember).filter(({ roles }) => roles.includes(role))
}

/** Whoever is told that it waits for them: without those who may not decide it. */
export async function askedOf(plugin: HandlerContext, row: RequestRow): Promise<readonly Member[]> {
  const members: Member[] = []
  for (const member of await decidersOf(plugin, row)) {
    if (!(await isOwnAboveLimit(plugin, row, member.id))) members.push(member)
  }
  return members
}

/** Whether the request waits for somebody; who asked may be among them. */
export const isDecider = (
  { assignee, role }: Pick<RequestRow, 'assignee' | 'role'>,
  { id, roles }: Pick<Member, 'id' | 'roles'>,
): boolean => (assignee !== null ? assignee === id : role !== null && roles.includes(role))

/** Who asked for it decides it only up to the limit; an amount that is not known is above every limit. */
export async function isOwnAboveLimit(
  plugin: HandlerContext,
  { kind, askerUser, causeUser, amount }: RequestRow,
  userId: string,
): Promise<boolean> {
  if (kind === 'form' || (askerUser !== userId && causeUser !== userId)) return false
  const { selfApprovalUpTo: limit = 0 } = await settingsOf(plugin)
  if (!(limit > 0) || !amount || amount.currency !== plugin.org.currency) return true
  const wanted = Number(amount.amount)
  return !Number.isFinite(wanted) || wanted < 0 || wanted > limit
}

/** @throws ForbiddenError with what is in the way. */
export async function assertMayDecide(
  plugin: HandlerContext,
  row: RequestRow,
  member: Pick<Member, 'id' | 'roles'>,
): Promise<void> {
  if (!isDecider(row, member)) {
    throw new ForbiddenError('This waits for somebody else.')
  }
  if (await isOwnAboveLimit(plugin, row, member.id)) {
    throw new ForbiddenError('Nobody decides what they asked for themselves.')
  }
}

export interface Settings {
  readonly role: string
  readonly toManager: boolean
  readonly dueHours: number
  readonly expiresHours: number
  readonly escalateTo: string
  readonly selfApprovalUpTo: number
}

export const settingsOf = (plugin: HandlerContext): Promise<Settings> =>
  plugin.settings<Settings>('rules')

interface Runs {
  cause(input: { readonly run: string }): Promise<{
    readonly by: { readonly type: string; readonly id: string | null } | null
  }>
}

/** The member whose deed is behind what asks: who began the run, who made the key. */
export async function causeOf(
  plugin: HandlerContext,
  who: { readonly type: string; readonly id: string | null; readonly userId?: string | null },
): Promise<string | null> {
  if (who.userId) return who.userId
  if (who.id === null) return null
  if (who.type === 'user') return who.id
  if (who.type === 'key') return makerOfKey(plugin, who.id)
  if (who.type !== 'workflow') return null
  const { by } = await plugin.services.get<Runs>('workflow-runs', 1).cause({ run: who.id })
  return by && by.type !== 'workflow' ? causeOf(plugin, by) : null
}

const keyEntity = 'platform.api-keys:key'

async function makerOfKey(plugin: HandlerContext, keyId: string): Promise<string | null> {
  if (!plugin.model.entity(keyEntity)) return null
  const { data } = await plugin.records.list(keyEntity, { filter: { keyId }, limit: 1 })
  const { type, id } = (data[0]?.['createdBy'] ?? {}) as { type?: string; id?: string }
  return type === 'user' && id ? id : null
}
