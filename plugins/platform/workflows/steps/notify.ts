import { notificationsOf } from '../notifications.ts'
import { done, StepError, type StepExecutor, settingsOf } from './step-call.ts'

interface Settings {
  readonly text?: string
  readonly owner?: boolean
  readonly roles?: readonly string[]
  readonly users?: readonly (string | null)[]
  /** Instead of the record of the run. */
  readonly about?: { readonly entity: string; readonly id: string }
}

/** Tells people something; a dry run finds out whom, and what it put into inboxes is undone with the rest. */
export const notify: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const { text = '', owner = false, roles = [], users = [], about } = settingsOf<Settings>(call)
    const people = users.filter((one) => typeof one === 'string' && one !== '') as string[]
    if (!owner && roles.length === 0 && people.length === 0) {
      throw new StepError('REQUIRED', 'The step tells nobody.')
    }
    const notifications = notificationsOf(ctx.as(null))
    if (!notifications) {
      throw new StepError('NOT_FOUND', 'No enabled plugin tells people anything.')
    }
    const record = about ?? call.row.subject
    const { users: told, unreadable } = await notifications.tell({
      ...{ to: { owner, roles, users: people }, text: String(text), key: call.effectKey },
      about: record ? { entity: record.entity, ids: [record.id] } : null,
      by: { name: call.workflow.label },
    })
    const output = { told: told.length, users: told, unreadable }
    const uses = { notifications: told.length }
    return { ...done(output), input: { text, owner, roles, users: people }, uses }
  },
}
