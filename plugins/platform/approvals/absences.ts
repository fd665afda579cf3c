import {
  type FieldValues,
  ForbiddenError,
  type HandlerContext,
  invalidInput,
  NotFoundError,
  type RecordData,
} from '@runwaycrm/sdk'
import { decidersOf, findMember } from './people.ts'
import type { Decider } from './shown.ts'

const absenceEntity = 'platform.approvals:absence'
/** Somebody stands in for somebody who stands in, and so on. */
const mostSteps = 10

interface AbsenceInput {
  readonly from: string
  readonly until: string
  readonly deputyId: string
  readonly userId?: string
}

/** Whoever decides has to know by when: one absence each, which the next one replaces. */
export async function setAbsence(
  { from, until, deputyId, userId }: AbsenceInput,
  ctx: HandlerContext,
): Promise<{ readonly absenceId: string }> {
  const plugin = ctx.as(null)
  const member = await findMember(plugin, whoseOf(ctx, userId))
  if (!member) throw invalidInput('userId', 'UNKNOWN_RECORD', 'There is no such member.')
  const deputy = await findMember(plugin, deputyId)
  if (!deputy) {
    const message = 'There is no such member, or they are not active.'
    throw invalidInput('deputyId', 'UNKNOWN_RECORD', message)
  }
  if (deputy.id === member.id) {
    throw invalidInput('deputyId', 'OUT_OF_RANGE', 'Nobody stands in for themselves.')
  }
  if (Date.parse(until) <= Math.max(Date.parse(from), ctx.now.getTime())) {
    throw invalidInput('until', 'OUT_OF_RANGE', 'It ends after it begins, and not before now.')
  }
  const values = {
    ...{ name: member.name || member.id, memberId: member.id, deputyId: deputy.id },
    ...{ from, until, saidById: ctx.principal.userId },
  }
  const [known] = await absencesOf(plugin, member.id)
  const isKept = known !== undefined && (await change(plugin, known.id, values))
  if (!isKept) await plugin.records.create(absenceEntity, values)
  // Of two that were said at the same moment the later one stays, whoever looks first.
  const [kept, ...others] = await absencesOf(plugin, member.id)
  for (const { id } of others) await remove(plugin, id)
  return { absenceId: kept?.id ?? '' }
}

export async function endAbsence(
  { userId }: { readonly userId?: string },
  ctx: HandlerContext,
): Promise<{ readonly ended: boolean }> {
  const plugin = ctx.as(null)
  const known = await absencesOf(plugin, whoseOf(ctx, userId))
  for (const { id } of known) await remove(plugin, id)
  return { ended: known.length > 0 }
}

const remove = (plugin: HandlerContext, id: string): Promise<boolean> =>
  isThere(plugin.records.delete(absenceEntity, id))
const change = (plugin: HandlerContext, id: string, values: FieldValues): Promise<boolean> =>
  isThere(plugin.records.update(absenceEntity, id, values))

/** @returns false when somebody took it away at the same moment. */
async function isThere(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof NotFoundError) return false
    throw error
  }
}

/** Who decides for somebody is not for whoever acts on their behalf to say. */
function whoseOf({ principal, isAdmin }: HandlerContext, userId: string | undefined): string {
  const { type, userId: own } = principal
  if (type === 'user' && own !== null && (userId === undefined || userId === own)) return own
  if (userId !== undefined && isAdmin) return userId
  throw new ForbiddenError('Only a member who is signed in says so, or an admin of somebody else.')
}

/** One, but for a moment; the latest first. */
async function absencesOf(
  plugin: HandlerContext,
  memberId: string,
): Promise<readonly RecordData[]> {
  const query = { filter: { memberId }, sort: '-id', limit: 200 }
  return (await plugin.records.list(absenceEntity, query)).data
}

export interface Present {
  readonly decider: Decider
  /** Who would have been asked and is away. */
  readonly standsInFor: string | null
}

/**
 * Who decides while somebody is away: their deputy, of whom the same is asked. Of a role, only when nobody who has it
 * is there. Who may not decide it themselves stands in for nobody.
 *
 * @param own members who asked for it, or caused it.
 */
export async function presentFor(
  plugin: HandlerContext,
  decider: Decider,
  own: readonly (string | null)[],
): Promise<Present> {
  const { assignee, role } = decider
  const holders = assignee === null && role !== null ? await decidersOf(plugin, decider) : []
  const asked = assignee === null ? holders.map(({ id }) => id) : [assignee]
  const away = await awayNow(plugin, asked)
  if (away.size === asked.length) {
    for (const id of asked) {
      const deputy = await deputyOf(plugin, id)
      if (deputy !== null && !own.includes(deputy)) {
        return { decider: { assignee: deputy, role: null }, standsInFor: id }
      }
    }
  }
  return { decider, standsInFor: null }
}

/** Who decides for a member who is away; null when nobody does. */
async function deputyOf(plugin: HandlerContext, member: string): Promise<string | null> {
  const seen = new Set([member])
  let at = member
  for (let steps = 0; steps < mostSteps; steps++) {
    const next = (await awayNow(plugin, [at])).get(at)
    if (next === undefined) return (await findMember(plugin, at)) ? at : null
    if (seen.has(next)) return null
    seen.add(next)
    at = next
  }
  return null
}

/** Members who are away now, to who stands in for each. */
async function awayNow(
  plugin: HandlerContext,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const now = new Date().toISOString()
  const filter = { memberId: { $in: [...ids] }, from: { $lte: now }, until: { $gt: now } }
  const { data } = await plugin.records.list(absenceEntity, { filter, limit: 200 })
  return new Map(data.map((one) => [String(one['memberId']), String(one['deputyId'])]))
}
