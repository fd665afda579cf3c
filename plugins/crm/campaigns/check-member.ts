import type { HookChange, HookContext, HookOutcome } from '@runwaycrm/sdk'

const people = ['crm.leads:lead', 'leads', 'crm.contacts:contact', 'contacts']
const answers = ['responded', 'converted', 'declined']

/** A member is a lead or a contact, once per campaign; an answer is dated when it comes. */
export function checkMember({ before, values }: HookChange, ctx: HookContext): HookOutcome {
  const of = (name: string) => (values[name] === undefined ? before?.[name] : values[name])
  const person = of('person') as { readonly entity?: unknown; readonly id?: unknown } | null
  if (person && !people.includes(String(person.entity)))
    return {
      refuse: {
        field: 'person',
        message: 'A member is {a crm.leads:lead} or {a crm.contacts:contact}.',
      },
    }
  const status = values['status']
  const answered = typeof status === 'string' && answers.includes(status)
  return {
    set: {
      memberKey: person?.id ? `${of('campaignId')} ${person.id}` : null,
      ...(answered && status !== before?.['status'] && of('respondedAt') == null
        ? { respondedAt: ctx.now.toISOString() }
        : {}),
    },
  }
}
