import {
  type HandlerContext,
  InvalidError,
  type Issue,
  RateLimitedError,
  type RouteReply,
  type RouteRequest,
  RunwayError,
  UniqueTakenError,
} from '@runwaycrm/sdk'
import { submissionEntity } from './definition.ts'
import { presetsOf } from './fields.ts'
import { judge, type Limits, type Reason } from './judge.ts'
import { isKnown, makeRecord, noteSubmission, type Submission, tellOthers } from './keep.ts'
import { consentName, drawPage, type OpenForm, openForm, thanksReply, trapName } from './page.ts'
import { linksIn, type Posted, readAnswers } from './read-answers.ts'
import { keptNames, keptOf, sourceOf } from './source.ts'

const windowMinutes = 10
/** So many times the limit is no longer kept, but refused. */
const flood = 10

/** Takes what was filled in. Whatever speaks against it, it is kept; what is wrong with it, is said at the field. */
export async function receive(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const [id = '', issued = '', sendKey = ''] = (request.params['subject'] ?? '').split(' ')
  const { language, visit } = request
  const open = await openForm(ctx, id, language)
  const posted = (request.body ?? {}) as Posted
  const wantsPage = visit?.wantsPage === true
  const thanks = () => thanksReply(ctx, open, language, wantsPage)
  if (await isKnown(ctx, sendKey)) return thanks()

  const kept = keptOf(posted)
  const { values, issues } = readAnswers(posted, open.fields, othersOf(open), ctx.org.timeZone)
  const { consent } = open.form.body
  const isAgreed = isYes(posted[consentName])
  const wrong = [
    ...issues,
    ...(consent?.required && !isAgreed
      ? [{ path: consentName, code: 'REQUIRED' as const, message: 'It has to be agreed to.' }]
      : []),
  ]
  const refuse = (all: readonly Issue[]): RouteReply => {
    if (!wantsPage) throw new InvalidError(undefined, { errors: all })
    return { status: 422, page: drawPage(ctx, open, language, { posted, kept, issues: all }) }
  }
  const submission: Submission = {
    form: open.form,
    sendKey,
    visitor: visit?.mark ?? '',
    language,
    source: sourceOf(kept),
    consent: consent && isAgreed ? consent : null,
    values: {
      ...presetsOf(open.entity, open.form.body),
      ...values,
      ownerId: open.form.assignTo,
    },
  }
  const isTrapped = (posted[trapName] ?? '') !== ''
  const limits = await ctx.settings<Limits>('guard')
  const reason = judge(
    {
      isTrapped,
      ageSeconds: ctx.now.getTime() / 1000 - Number(issued),
      links: linksIn(values),
      mostLinks: open.form.body.mostLinks,
      ...(await countsOf(ctx, submission, limits)),
    },
    limits,
  )
  // People hear of what is wrong whatever speaks against them; programs that fell into the trap do not.
  if (!isTrapped && (wrong.length > 0 || reason !== null)) {
    const problems = await problemsOf(ctx, submission, wrong, open)
    if (problems.length > 0) return refuse(problems)
  }
  return reason === null
    ? take(ctx, submission, open, thanks, refuse)
    : hold(ctx, submission, reason, thanks)
}

function othersOf({ form }: OpenForm): ReadonlySet<string> {
  return new Set([...keptNames, trapName, ...(form.body.consent ? [consentName] : [])])
}

/** Every problem of what was filled in: those of the form, and those that the record itself has. */
async function problemsOf(
  ctx: HandlerContext,
  submission: Submission,
  wrong: readonly Issue[],
  { fields }: OpenForm,
): Promise<readonly Issue[]> {
  try {
    await ctx.transaction((inside) => makeRecord(inside, submission), { isDryRun: true })
    return wrong
  } catch (error) {
    if (!(error instanceof RunwayError)) throw error
    const known = new Set(wrong.map(({ path }) => path))
    // Of anything else, a value that is taken among it, nobody outside is told.
    if (!(error instanceof InvalidError)) return wrong
    const drawn = new Set(fields.map(({ field }) => field.apiName))
    const more = (error.errors ?? []).filter(
      ({ path }) => !known.has(path) && drawn.has(path.split('.')[0] ?? ''),
    )
    return [...wrong, ...more]
  }
}

async function take(
  ctx: HandlerContext,
  submission: Submission,
  open: OpenForm,
  thanks: () => RouteReply,
  refuse: (issues: readonly Issue[]) => RouteReply,
): Promise<RouteReply> {
  const { form, source } = submission
  let step: 'noting' | 'making' = 'noting'
  try {
    await ctx.transaction(
      async (inside) => {
        const noted = await noteSubmission(inside, submission, { state: 'accepted' })
        step = 'making'
        const record = await makeRecord(inside, submission)
        await tellOthers(inside, submission, noted, record)
      },
      {
        label: form.name,
        door: 'form',
        origin: 'external',
        ...(source.page ? { source: source.page } : {}),
      },
    )
    return thanks()
  } catch (error) {
    if (!(error instanceof RunwayError) || error.status >= 500) throw error
    // The same submission came twice at once; the other one has it.
    if (step === 'noting' && error instanceof UniqueTakenError) return thanks()
    const names = new Set(open.fields.map(({ field }) => field.apiName))
    const atFields = (error.errors ?? []).filter(({ path }) => names.has(path.split('.')[0] ?? ''))
    const isTheirs = error instanceof InvalidError && atFields.length > 0
    if (isTheirs && atFields.length === error.errors?.length) return refuse(atFields)
    // Nothing that a visitor could put right, and nothing that they are to learn: somebody here looks at it.
    const reason = error instanceof UniqueTakenError ? 'taken' : 'refused'
    return hold(ctx, submission, reason, thanks, error.message)
  }
}

async function hold(
  ctx: HandlerContext,
  submission: Submission,
  reason: Reason,
  thanks: () => RouteReply,
  problem?: string,
): Promise<RouteReply> {
  try {
    await ctx.transaction(
      (inside) =>
        noteSubmission(inside, submission, {
          state: 'held',
          reason,
          ...(problem ? { problem } : {}),
        }),
      { label: submission.form.name, door: 'form', origin: 'external' },
    )
  } catch (error) {
    if (!(error instanceof UniqueTakenError)) throw error
  }
  return thanks()
}

/** How often it came lately. @throws RateLimitedError for a flood, of which not everything is kept. */
async function countsOf(
  ctx: HandlerContext,
  { form, visitor }: Submission,
  { mostPerVisitor }: Limits,
) {
  const since = new Date(ctx.now.getTime() - windowMinutes * 60_000).toISOString()
  const { data } = await ctx.records.aggregate(submissionEntity, {
    filter: { formRef: form.id, createdAt: { $gte: since } },
    measures: { ofForm: { count: '*' }, fromVisitor: { count: '*', filter: { visitor } } },
  })
  const ofForm = Number(data[0]?.['ofForm'] ?? 0)
  const fromVisitor = Number(data[0]?.['fromVisitor'] ?? 0)
  if (fromVisitor >= mostPerVisitor * flood)
    throw new RateLimitedError(undefined, { retryAfter: windowMinutes * 60 })
  return { ofForm, fromVisitor }
}

/** As boxes are sent: by a page, by a script or as JSON. */
const isYes = (value: unknown): boolean =>
  ['yes', 'true', 'on', '1'].includes(String(value).trim().toLowerCase())
