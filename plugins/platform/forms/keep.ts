import type { HandlerContext, RecordData } from '@runwaycrm/sdk'
import { type Consent, type Form, submissionEntity } from './definition.ts'
import type { Reason } from './judge.ts'
import type { Source } from './source.ts'

/** What somebody sent. */
export interface Submission {
  readonly form: Pick<Form, 'id' | 'isRecord' | 'name' | 'entity' | 'assignTo'>
  /** One for each time that the page is shown: sent twice, it is taken once. */
  readonly sendKey: string
  readonly visitor: string
  readonly language: string
  readonly source: Source
  /** What they agreed to; null when nothing was asked, or they did not. */
  readonly consent: Consent | null
  /** As the API takes them. */
  readonly values: Readonly<Record<string, unknown>>
}

export async function isKnown(ctx: HandlerContext, sendKey: string): Promise<boolean> {
  const query = { filter: { sendKey }, fields: ['id'], limit: 1 }
  return (await ctx.records.list(submissionEntity, query)).data.length > 0
}

type Verdict =
  | { readonly state: 'accepted' }
  | { readonly state: 'held'; readonly reason: Reason; readonly problem?: string }

/** Values are kept as long as there is no record that has them. */
export async function noteSubmission(
  ctx: HandlerContext,
  { form, sendKey, visitor, language, source, consent, values }: Submission,
  verdict: Verdict,
): Promise<RecordData> {
  return ctx.records.create(submissionEntity, {
    name: form.name,
    formId: form.isRecord ? form.id : null,
    formRef: form.id,
    entityRef: form.entity,
    state: verdict.state,
    at: ctx.now.toISOString(),
    ...source,
    language,
    consentText: consent?.text ?? null,
    consentPurpose: consent?.purpose ?? null,
    sendKey,
    visitor,
    ownerId: form.assignTo,
    ...(verdict.state === 'held'
      ? { reason: verdict.reason, problem: verdict.problem?.slice(0, 500) ?? null, values }
      : {}),
  })
}

/** The record, made with what the form alone lets through. */
export async function makeRecord(
  ctx: HandlerContext,
  { form, values }: Pick<Submission, 'form' | 'values'>,
): Promise<RecordData> {
  return ctx.records.create(form.entity, values)
}

/** The proof of what was agreed to, and the event; the submission leads to its record. */
export async function tellOthers(
  ctx: HandlerContext,
  submission: Pick<Submission, 'form' | 'consent' | 'source' | 'values'>,
  noted: RecordData,
  record: RecordData,
): Promise<void> {
  const { form, consent, source } = submission
  const about = { entity: form.entity, id: record.id }
  await ctx.records.update(submissionEntity, noted.id, {
    record: about,
    state: 'accepted',
    values: null,
  })
  if (consent) await noteConsent(ctx, submission, consent, noted, about)
  await ctx.events.emit(
    'submitted',
    {
      form: form.id,
      name: form.name,
      submission: noted.id,
      ...about,
      ...Object.fromEntries(Object.entries(source).filter(([, value]) => value !== null)),
    },
    about,
  )
}

const people = new Set(['crm.leads:lead', 'crm.contacts:contact'])

async function noteConsent(
  ctx: HandlerContext,
  { form, source, values }: Pick<Submission, 'form' | 'source' | 'values'>,
  { text, purpose }: Consent,
  noted: RecordData,
  about: { readonly entity: string; readonly id: string },
): Promise<void> {
  const action = 'crm.consent:record_consent'
  const email = typeof values['email'] === 'string' ? values['email'] : null
  const whose = people.has(about.entity) ? { person: about } : email ? { email } : null
  if (purpose === undefined || whose === null || !ctx.model.action(action)) return
  const at = String(noted['at'])
  const proof = ctx.t('proof', { text, form: form.name, page: source.page ?? '–', at })
  await ctx.actions.run(action, { ...whose, purpose, source: 'form', proof, at })
}
