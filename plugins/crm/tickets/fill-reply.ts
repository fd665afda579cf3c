import type { HookChange, HookContext, HookOutcome } from '@runwaycrm/sdk'
import { ticketEntity } from './settings.ts'

/** A reply belongs to the timeline of its ticket; what was sent stays as it went out. */
export function fillReply(change: HookChange, ctx: HookContext): HookOutcome | undefined {
  const { before, operation, values } = change
  if (operation === 'create')
    return { set: { about: { entity: ticketEntity, id: values['ticketId'] } } }
  if (ctx.door === 'revert' || before?.['state'] !== 'sent') return undefined
  const changed = ['body', 'name', 'ticketId', 'type'].find(
    (name) => values[name] !== undefined && values[name] !== before[name],
  )
  return changed
    ? { refuse: { field: changed, message: 'What was sent does not change. Send another reply.' } }
    : undefined
}
