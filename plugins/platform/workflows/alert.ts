import type { HandlerContext } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'
import { usualRole, workflowsOf } from './definitions.ts'
import { notificationsOf } from './notifications.ts'
import { runEntity, type StateRow } from './tables.ts'

interface AlertJob {
  readonly workflow: string
  /** ISO; failures of its hour are told together. */
  readonly at: string
}

/** Failures that come together are told together. */
const gatherMs = 2_000
const mostRuns = 1_000
const hourMs = 3_600_000

/** Asks for people to be told of a run that failed, in the transaction in which it does. */
export async function askForAlert(
  ctx: HandlerContext,
  { workflow, parent, whole }: Pick<StateRow, 'workflow' | 'parent' | 'whole'>,
): Promise<void> {
  // Of a part, or of a run that another one waits for, that other one makes what it wants.
  if (!whole || parent !== null) return
  const at = new Date((Math.floor(Date.now() / gatherMs) + 1) * gatherMs)
  const payload: AlertJob = { workflow, at: at.toISOString() }
  await ctx.jobs.enqueue('alert', payload, { at, dedupeKey: `${workflow} ${payload.at}` })
}

/**
 * Tells people that runs of a workflow failed: those whom it names, or whoever published it, or else admins. One
 * notification per workflow and hour, which counts.
 */
export async function alert({ workflow: ref, at }: AlertJob, ctx: HandlerContext): Promise<void> {
  const plugin = ctx.as(null)
  const notifications = notificationsOf(plugin)
  const workflow = workflowsOf(plugin, true).get(ref)
  if (!notifications || workflow?.alerts?.off) return
  // Of the last moment before it was asked for; the gathered ones are all older.
  const hour = new Date(Math.floor((Date.parse(at) - 1) / hourMs) * hourMs)
  const rows = (await plugin.tables.select('state', {
    where: {
      ...{ workflow: ref, status: 'failed', whole: true, parent: null },
      touchedAt: { $gte: hour },
    },
    sort: '-touchedAt',
    limit: mostRuns,
  })) as unknown as readonly StateRow[]
  const [latest] = rows
  if (!latest) return
  const name = workflow?.label ?? ref
  const reason = latest.data.failure?.message ?? ''
  const text = (language: string) => plugin.t('alerts.text', { name, reason }, language)
  await notifications.tell({
    to: await toWhom(plugin, ref, workflow),
    text: Object.fromEntries(languages.map((language) => [language, text(language)])),
    about: { entity: runEntity, ids: rows.map(({ run }) => run) },
    ...{ by: { name }, kind: 'alert', key: `${ref.slice(0, 150)} ${hour.toISOString()}` },
    link: rows.length === 1 ? `/studio/runs/${latest.run}` : linkToFailed(ref),
  })
}

const languages = ['en', 'de'] as const

function linkToFailed(workflow: string): string {
  const filter = JSON.stringify({ workflow, status: 'failed' })
  return `/records/runs?filter=${encodeURIComponent(filter)}`
}

interface Layer {
  author(input: { readonly point: string; readonly ref: string }): Promise<{
    readonly type: string
    readonly id: string | null
  } | null>
}

async function toWhom(plugin: HandlerContext, ref: string, workflow: Workflow | undefined) {
  const { users = [], roles = [] } = workflow?.alerts ?? {}
  if (users.length + roles.length > 0) return { users, roles }
  const author = await plugin.services
    .get<Layer>('kernel.layer', 1)
    .author({ point: 'workflows', ref })
  const isThere = author?.type === 'user' && author.id && (await isActive(plugin, author.id))
  return isThere ? { users: [author.id as string] } : { roles: [usualRole] }
}

async function isActive(plugin: HandlerContext, id: string): Promise<boolean> {
  const filter = { id, active: { $ne: false } }
  const { data } = await plugin.records.list('kernel:user', { filter, fields: ['id'], limit: 1 })
  return data.length > 0
}
