import {
  type HandlerContext,
  optionLabel,
  optionsOf,
  type RecordData,
  StaleVersionError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import { type ConsentSource, type ConsentState, consentEntity, entryEntity } from './entities.ts'
import type { Subject } from './find-subject.ts'

export interface Statement {
  readonly state: ConsentState
  readonly source: ConsentSource
  readonly proof: string | null
  /** ISO. */
  readonly at: string
}

const attempts = 4

/**
 * Notes what somebody said. The history gets every statement; the consent is what was said last, also when
 * statements are noted out of order or two at once.
 */
export async function setConsent(
  ctx: HandlerContext,
  subject: Subject,
  purpose: RecordData,
  statement: Statement,
): Promise<RecordData> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write(ctx, subject, purpose, statement)
    } catch (error) {
      const isRace = error instanceof UniqueTakenError || error instanceof StaleVersionError
      if (!isRace || attempt === attempts) throw error
    }
  }
}

/** The newest statement under the address or the person; null when nothing was said. */
export async function latestConsent(
  ctx: HandlerContext,
  { email, person }: Pick<Subject, 'email' | 'person'>,
  purposeId: string,
): Promise<RecordData | null> {
  const { data } = await ctx.records.list(consentEntity, {
    filter: {
      purposeId,
      $or: [...(email ? [{ email }] : []), ...(person ? [{ 'person.id': person.id }] : [])],
    },
    sort: '-at',
    limit: 1,
  })
  return data[0] ?? null
}

async function write(
  ctx: HandlerContext,
  subject: Subject,
  purpose: RecordData,
  statement: Statement,
): Promise<RecordData> {
  const consentKey = keyOf(subject, purpose)
  const { data } = await ctx.records.list(consentEntity, { filter: { consentKey }, limit: 1 })
  const known = data[0]
  const person = subject.person ?? (known?.['person'] as Subject['person'] | undefined) ?? null
  return ctx.batch(async (records) => {
    let consent: RecordData
    if (!known)
      consent = await records.create(consentEntity, {
        ...statement,
        name: subject.name,
        email: subject.email,
        person,
        purposeId: purpose.id,
        consentKey,
        ownerId: null,
      })
    else if (String(known['at']) > statement.at) consent = known
    else {
      const values = { ...statement, person }
      consent = await records.update(consentEntity, known.id, values, known.version)
    }
    await records.create(entryEntity, {
      ...statement,
      name: `${purpose['name']}: ${labelOf(statement.state, ctx)}`,
      consentId: consent.id,
      about: person,
      ownerId: null,
    })
    return consent
  })
}

/** As everybody here reads it. */
function labelOf(state: ConsentState, ctx: HandlerContext): string {
  const consents = ctx.model.entity(consentEntity, ctx.org.locale)
  return optionLabel(optionsOf(consents, 'state'), state)
}

/** An address has one consent per purpose, whatever records it stands in. */
function keyOf({ email, person }: Subject, purpose: RecordData): string {
  return `${purpose.id} ${email ?? `${person?.entity} ${person?.id}`}`
}
