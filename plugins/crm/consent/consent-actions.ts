import { type HandlerContext, invalidInput, sayTo } from '@runwaycrm/sdk'
import { type ConsentSource, leavePath } from './entities.ts'
import { findPurpose, findSubject, purposes, type SubjectInput } from './find-subject.ts'
import { latestConsent, setConsent } from './set-consent.ts'

interface RecordInput extends SubjectInput {
  readonly purpose: string
  readonly source: ConsentSource
  readonly proof: string
  readonly at?: string
}

export async function recordConsent(input: RecordInput, ctx: HandlerContext) {
  const purpose = await findPurpose(input.purpose, ctx)
  const subject = await findSubject(input, ctx)
  const at = input.at ? new Date(input.at) : ctx.now
  if (at > ctx.now)
    throw invalidInput('at', 'OUT_OF_RANGE', '{Consent} is given now or was before.')
  const proof = input.proof.trim()
  if (proof === '') throw invalidInput('proof', 'REQUIRED', 'Say what they said or ticked.')
  const { source } = input
  const statement = { state: 'given', source, proof, at: at.toISOString() } as const
  const consent = await setConsent(ctx, subject, purpose, statement)
  return { consentId: consent.id, state: String(consent['state']), at: String(consent['at']) }
}

interface WithdrawInput extends SubjectInput {
  readonly purpose?: string
  readonly source?: ConsentSource
  readonly proof?: string
}

export async function withdrawConsent(input: WithdrawInput, ctx: HandlerContext) {
  const subject = await findSubject(input, ctx)
  const all = input.purpose
    ? [await findPurpose(input.purpose, ctx)]
    : (await purposes(ctx)).filter((purpose) => purpose['active'] !== false)
  for (const purpose of all)
    await setConsent(ctx, subject, purpose, {
      state: 'withdrawn',
      source: input.source ?? 'other',
      proof: input.proof?.trim() || null,
      at: ctx.now.toISOString(),
    })
  return { withdrawn: all.length, purposes: all.map((purpose) => String(purpose['key'])) }
}

export interface Verdict {
  readonly allowed: boolean
  readonly reason: string
  readonly state: 'given' | 'withdrawn' | 'none'
}

export async function checkConsent(
  input: SubjectInput & { readonly purpose: string },
  ctx: HandlerContext,
): Promise<Verdict> {
  const purpose = await findPurpose(input.purpose, ctx)
  const subject = await findSubject(input, ctx)
  const said = { name: subject.name, purpose: String(purpose['name']) }
  const say = sayTo(ctx)
  const consent = await latestConsent(ctx, subject, purpose.id)
  const state = (consent?.['state'] ?? 'none') as Verdict['state']
  if (purpose['active'] === false)
    return { allowed: false, state, reason: say('check.ended', said) }
  const day = { day: String(consent?.['at'] ?? '').slice(0, 10) }
  if (state === 'withdrawn')
    return { allowed: false, state, reason: say('check.withdrew', { ...said, day }) }
  if (state === 'given')
    return { allowed: true, state, reason: say('check.agreed', { ...said, day }) }
  const isAllowed = purpose['basis'] === 'legitimate_interest'
  const reason = say(isAllowed ? 'check.notNeeded' : 'check.never', said)
  return { allowed: isAllowed, state, reason }
}

export async function unsubscribeLink(
  input: { readonly email: string; readonly purpose: string },
  ctx: HandlerContext,
) {
  const purpose = await findPurpose(input.purpose, ctx)
  const email = input.email.trim().toLowerCase()
  return { url: ctx.publicLink(leavePath, `${purpose.id} ${email}`) }
}
