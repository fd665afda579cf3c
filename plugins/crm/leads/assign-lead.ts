import {
  findMember,
  type HandlerContext,
  type RecordData,
  StateConflictError,
  sayTo,
} from '@runwaycrm/sdk'
import { type Candidate, chooseOwner } from './choose-owner.ts'
import { type AssignmentRule, leadEntity, leadSettings } from './settings.ts'

export interface AssignInput {
  readonly leadId: string
  readonly owner?: string
  readonly rule?: AssignmentRule
}

/** Gives the lead to the member that is named, or to the one that the rule chooses. */
export async function assignLead(input: AssignInput, ctx: HandlerContext) {
  const { leadId, owner } = input
  const lead = await ctx.records.get(leadEntity, leadId, { fields: ['name', 'status', 'ownerId'] })
  if (lead['status'] === 'converted')
    throw new StateConflictError(
      'This {lead} was converted; assign its {crm.opportunities:opportunity} instead.',
    )
  const say = sayTo(ctx)
  const chosen = owner
    ? { ...(await findMember(ctx, owner, 'input.owner')), because: say('because.named') }
    : await chooseByRule(ctx, input.rule)
  const before = typeof lead['ownerId'] === 'string' ? lead['ownerId'] : null
  if (before !== chosen.id) {
    const values = { ownerId: chosen.id, assignedAt: ctx.now.toISOString() }
    await ctx.records.update(leadEntity, leadId, values, lead.version)
  }
  return {
    leadId,
    name: String(lead['name'] ?? ''),
    ownerId: chosen.id,
    owner: chosen.name,
    before,
    because: before === chosen.id ? `${chosen.because} ${say('because.already')}` : chosen.because,
  }
}

async function chooseByRule(ctx: HandlerContext, rule: AssignmentRule | undefined) {
  const settings = await leadSettings(ctx)
  const { data: members } = await ctx.records.list('kernel:user', {
    filter: { active: { $ne: false }, roles: { $contains: settings.assignTo } },
    fields: ['name'],
    sort: 'name',
    limit: 200,
  })
  const choice = chooseOwner(
    rule ?? settings.assignment,
    await candidatesOf(ctx, members),
    sayTo(ctx),
  )
  if (!choice)
    throw new StateConflictError(
      `No active member has the role ${settings.assignTo}. Name an owner, or give somebody the role.`,
    )
  return { id: choice.candidate.id, name: choice.candidate.name, because: choice.because }
}

/** Load and wait as the caller can see them: leads that are hidden from them do not count. */
async function candidatesOf(
  ctx: HandlerContext,
  members: readonly RecordData[],
): Promise<Candidate[]> {
  if (members.length === 0) return []
  const { data } = await ctx.records.aggregate(leadEntity, {
    filter: { ownerId: { $in: members.map((member) => member.id) } },
    groupBy: [{ field: 'ownerId' }],
    measures: {
      open: { count: '*', filter: { status: { $nin: ['unqualified', 'converted'] } } },
      lastAt: { max: 'assignedAt' },
    },
    limit: 200,
  })
  const byOwner = new Map(data.map((row) => [row['ownerId'], row]))
  return members.map((member) => {
    const row = byOwner.get(member.id)
    return {
      id: member.id,
      name: String(member['name'] ?? ''),
      open: Number(row?.['open'] ?? 0),
      lastAt: typeof row?.['lastAt'] === 'string' ? row['lastAt'] : null,
    }
  })
}
