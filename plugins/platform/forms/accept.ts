import { type HandlerContext, type RecordData, StateConflictError } from '@runwaycrm/sdk'
import { submissionEntity } from './definition.ts'
import { makeRecord, tellOthers } from './keep.ts'
import type { Source } from './source.ts'

/** Makes the record of what was held. Its values still come from outside; who let them in is noted, too. */
export async function accept({ id }: { readonly id: string }, ctx: HandlerContext) {
  const held = await ctx.records.get(submissionEntity, id)
  if (held['state'] !== 'held') throw new StateConflictError(ctx.t('acceptedAlready'))
  const submission = submissionOf(held)
  const { page } = submission.source
  const made = await ctx.transaction(
    async (inside) => {
      // Whoever is second finds another version.
      const noted = await inside.records.update(
        submissionEntity,
        id,
        { state: 'accepted' },
        held.version,
      )
      const record = await makeRecord(inside, submission)
      await tellOthers(inside, submission, noted, record)
      return record
    },
    { label: submission.form.name, origin: 'external', ...(page ? { source: page } : {}) },
  )
  return { entity: submission.form.entity, id: made.id }
}

function submissionOf(held: RecordData) {
  const text = (name: string) => (held[name] as string | undefined) ?? null
  const consentText = text('consentText')
  const purpose = text('consentPurpose')
  const source: Source = {
    page: text('page'),
    referrer: text('referrer'),
    utmSource: text('utmSource'),
    utmMedium: text('utmMedium'),
    utmCampaign: text('utmCampaign'),
    utmTerm: text('utmTerm'),
    utmContent: text('utmContent'),
  }
  return {
    form: {
      id: text('formRef') ?? '',
      isRecord: held['formId'] !== null,
      name: text('name') ?? '',
      entity: text('entityRef') ?? '',
      assignTo: text('ownerId'),
    },
    source,
    consent: consentText ? { text: consentText, ...(purpose ? { purpose } : {}) } : null,
    values: (held['values'] ?? {}) as Readonly<Record<string, unknown>>,
  }
}
