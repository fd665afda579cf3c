import { findMember, type HandlerContext } from '@runwaycrm/sdk'
import { dueMoment } from './due-moment.ts'
import { type AboutInput, recordAbout } from './record-about.ts'

export interface TaskInput {
  readonly title: string
  readonly dueAt?: string
  readonly assignee?: string
  readonly priority?: 'low' | 'normal' | 'high' | 'urgent'
  readonly description?: string
  readonly about?: AboutInput
}

/** Gives somebody something to do; the owner of a task is who does it. */
export async function createTask(input: TaskInput, ctx: HandlerContext) {
  const about = input.about ? await recordAbout(input.about, ctx) : null
  const assignee = input.assignee
    ? await findMember(ctx, input.assignee, 'input.assignee')
    : ctx.principal.userId
      ? await findMember(ctx, 'me', 'input.assignee')
      : null
  const dueAt = input.dueAt ? dueMoment(input.dueAt, ctx.org.timeZone) : null
  const task = await ctx.records.create('platform.tasks:task', {
    title: input.title.trim(),
    priority: input.priority ?? 'normal',
    ...(input.description ? { description: input.description } : {}),
    ...(dueAt ? { dueAt } : {}),
    ...(about ? { about: { entity: about.entity, id: about.id } } : {}),
    ...(assignee ? { ownerId: assignee.id } : {}),
  })
  return {
    taskId: task.id,
    title: String(task['title']),
    dueAt,
    assignee: assignee?.name ?? null,
  }
}
