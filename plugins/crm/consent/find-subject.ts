import { type HandlerContext, invalidInput, type RecordData, recordOfInput } from '@runwaycrm/sdk'
import { purposeEntity } from './entities.ts'

/** Whose consent it is: an address, a lead or contact, or both. */
export interface Subject {
  readonly name: string
  readonly email: string | null
  readonly person: { readonly entity: string; readonly id: string } | null
}

export interface SubjectInput {
  readonly person?: { readonly entity: string; readonly id: string }
  readonly email?: string
}

/** @throws InvalidError when neither is given, or the person is missing or hidden from the caller. */
export async function findSubject(input: SubjectInput, ctx: HandlerContext): Promise<Subject> {
  const { person } = input
  const email = input.email?.trim().toLowerCase() || null
  if (!person) {
    if (email) return { name: email, email, person: null }
    throw invalidInput(
      'person',
      'REQUIRED',
      'Name {a crm.leads:lead} or {crm.contacts:contact}, or an email address.',
    )
  }
  const entity = ctx.model.entity(person.entity)
  if (!entity)
    throw invalidInput('person.entity', 'UNKNOWN_RECORD', 'There are no such records here.')
  const message = 'There is no such person, or you may not read it.'
  const record = await recordOfInput(ctx.records, entity.ref, person.id, 'person.id', message)
  const own = typeof record['email'] === 'string' ? record['email'] : null
  return {
    name: String(record['name'] ?? own ?? entity.label),
    email: email ?? own,
    person: { entity: entity.ref, id: record.id },
  }
}

/** By key or name, whatever the case. @throws InvalidError naming those that there are. */
export async function findPurpose(text: string, ctx: HandlerContext): Promise<RecordData> {
  const wanted = text.trim().toLowerCase()
  const all = await purposes(ctx)
  const is = (name: string) => (one: RecordData) => String(one[name] ?? '').toLowerCase() === wanted
  const found = all.find(is('key')) ?? all.find(is('name'))
  if (found) return found
  const known = all.map((one) => one['key']).join(', ')
  throw invalidInput(
    'purpose',
    'UNKNOWN_RECORD',
    `There is no such {purpose}. There are: ${known}.`,
  )
}

export async function purposes(ctx: HandlerContext): Promise<readonly RecordData[]> {
  return (await ctx.records.list(purposeEntity, { sort: 'key', limit: 200 })).data
}
