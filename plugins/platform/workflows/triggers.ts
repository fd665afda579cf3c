import type { HandlerContext } from '@runwaycrm/sdk'
import type { Trigger, Workflow } from './definition.ts'
import { workflowsOf } from './definitions.ts'

const own = 'platform.workflows'

/** A trigger that waits for events, with what it belongs to. */
export interface EventTrigger {
  readonly ref: string
  readonly workflow: Workflow
  readonly key: string
  readonly trigger: Trigger
  /** Of updates: those that change one of these fields. */
  readonly fields: readonly string[]
  /** Of a plugin's own kind: what members of the event's payload must be. */
  readonly match: Readonly<Record<string, unknown>>
}

interface TriggerType {
  readonly label: string
  /** Of a plugin's own kind of trigger: the event that it stands for. */
  readonly event?: string
  /** Members of its payload, to the settings that they must equal. */
  readonly match?: Readonly<Record<string, string>>
}

const ofRecords: Readonly<Record<string, string>> = {
  [`${own}:record-created`]: 'record.created',
  [`${own}:record-updated`]: 'record.updated',
  [`${own}:record-deleted`]: 'record.deleted',
}

/** By what has to happen: `record.created crm.leads:lead`, or a plugin's event. */
export function eventTriggers(ctx: HandlerContext): ReadonlyMap<string, readonly EventTrigger[]> {
  const found = new Map<string, EventTrigger[]>()
  const types = ctx.model.contributions<TriggerType>('triggerTypes')
  for (const [ref, workflow] of workflowsOf(ctx)) {
    for (const [key, trigger] of Object.entries(workflow.triggers ?? {})) {
      const event = eventOf(trigger, types)
      if (event === null) continue
      const isOfRecord = event.startsWith('record.')
      if (isOfRecord && workflow.entity === undefined) continue
      const name = isOfRecord ? `${event} ${workflow.entity}` : event
      const fields = (trigger.settings?.['fields'] ?? []) as readonly string[]
      const match = matchOf(trigger, types.get(trigger.type))
      const entry = { ref, workflow, key, trigger, fields, match }
      const others = found.get(name)
      if (others) others.push(entry)
      else found.set(name, [entry])
    }
  }
  return found
}

function eventOf(
  { type, settings }: Trigger,
  types: ReadonlyMap<string, TriggerType>,
): string | null {
  const ofRecord = ofRecords[type]
  if (ofRecord) return ofRecord
  if (type === `${own}:event`) return (settings?.['event'] as string | undefined) ?? null
  return types.get(type)?.event ?? null
}

/** A setting that is not made lets any through. */
function matchOf({ settings = {} }: Trigger, type: TriggerType | undefined) {
  const members = Object.entries(type?.match ?? {})
  return Object.fromEntries(
    members.flatMap(([member, name]) =>
      settings[name] === undefined ? [] : [[member, settings[name]]],
    ),
  )
}
