import type { HandlerContext } from '@runwaycrm/sdk'
import type { Decision } from './decide.ts'
import { linksFor } from './links.ts'
import { askedOf, type Member } from './people.ts'
import { findRequest, type RequestRow } from './request.ts'
import { sayShown } from './say.ts'

/** A definition under the point: another way to ask people, a chat or text messages. */
interface Channel {
  readonly label: string
  readonly service: string
}

/** What a plugin's service answers that asks people. Told again after a failure, it has the same key. */
interface ChannelService {
  ask(question: Question): Promise<unknown>
}
export interface Question {
  readonly key: string
  readonly approvalId: string
  readonly kind: RequestRow['kind']
  readonly member: Pick<Member, 'id' | 'name' | 'email'>
  readonly asker: string
  readonly title: string
  /** What whoever decides is shown, a record in each. */
  readonly shown: readonly string[]
  readonly until: string
  /** The page in the app. */
  readonly url: string
  /** Each good for one decision of this member; null for a form. */
  readonly links: Readonly<Record<Decision, string>> | null
}

interface ChannelJob {
  readonly approval: string
  readonly hash: string
  readonly channel: string
  readonly member: string
}

const point = 'approvalChannels'

/** Each way and each person has a job: what fails with one keeps nothing from the others. */
export async function askByChannels(
  inside: HandlerContext,
  { approval, hash }: RequestRow,
  members: readonly Member[],
): Promise<void> {
  const channels = [...inside.model.contributions<Channel>(point).keys()]
  const jobs = channels.flatMap((channel) =>
    members.map(({ id }) => ({ payload: { approval, hash, channel, member: id } })),
  )
  if (jobs.length > 0) await inside.jobs.enqueueMany('tell_by', jobs)
}

export async function tellBy(
  { approval, hash, channel, member: id }: ChannelJob,
  ctx: HandlerContext,
): Promise<void> {
  const row = await findRequest(ctx, approval)
  const found = ctx.model.contributions<Channel>(point).get(channel)
  if (row?.status !== 'pending' || row.hash !== hash || !found) return
  const member = (await askedOf(ctx, row)).find((one) => one.id === id)
  if (!member) return
  const { name, email } = member
  await ctx.services.get<ChannelService>(found.service, 1).ask({
    ...{ key: `${approval} ${hash} ${id}`, approvalId: approval, kind: row.kind },
    ...{ member: { id, name, email }, asker: row.asker.name, title: row.title },
    ...{ shown: sayShown(ctx, row), until: new Date(row.expiresAt).toISOString() },
    url: `${ctx.environment('RUNWAY_PUBLIC_URL') ?? ''}/approvals/${approval}`,
    links: row.kind === 'form' ? null : linksFor(ctx, row, member),
  })
}
