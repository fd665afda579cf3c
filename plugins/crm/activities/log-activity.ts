import type { HandlerContext } from '@runwaycrm/sdk'
import { type AboutInput, recordAbout } from './record-about.ts'
import { subjectOf } from './subject.ts'

export interface LogInput {
  readonly about: AboutInput
  readonly type: 'call' | 'email' | 'meeting' | 'note'
  readonly note: string
  readonly subject?: string
  readonly at?: string
}

/** Writes down what was done with a record, or plans it when its time is to come. */
export async function logActivity(input: LogInput, ctx: HandlerContext) {
  const about = await recordAbout(input.about, ctx)
  const at = input.at ? new Date(input.at) : ctx.now
  const planned = at > ctx.now
  const note = input.note.trim()
  const activity = await ctx.records.create('crm.activities:activity', {
    type: input.type,
    subject: input.subject?.trim() || subjectOf(note) || ctx.label(about.entity).one,
    body: note,
    about: { entity: about.entity, id: about.id },
    ...(planned ? { dueAt: at.toISOString() } : { doneAt: at.toISOString() }),
    ...(ctx.principal.userId ? { ownerId: ctx.principal.userId } : {}),
  })
  return {
    activityId: activity.id,
    subject: String(activity['subject']),
    type: String(activity['type']),
    doneAt: textOrNull(activity['doneAt']),
    dueAt: textOrNull(activity['dueAt']),
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
