import { type HandlerContext, InvalidError } from '@runwaycrm/sdk'
import { type Form, findRequest, type Status } from './request.ts'
import { request } from './service.ts'

/** What the workflow engine gives to the service of a step, as it says itself. */
interface StepInput<Settings> {
  readonly settings: Settings
  readonly run: string
  readonly workflow: { readonly ref: string; readonly label: string; readonly step: string }
  readonly record: { readonly entity: string; readonly id: string } | null
  readonly key: string
  readonly isDryRun: boolean
}
interface Resumed {
  /** The event that came. */
  readonly payload: unknown
  readonly timedOut: boolean
}

interface Time {
  readonly for?: number | string
  readonly unit?: keyof typeof unitMs
}
interface Common {
  readonly assignee?: string | null
  readonly role?: string
  readonly title?: string
  readonly text?: string
  readonly dueIn?: Time
  readonly expiresIn?: Time
  readonly escalateTo?: string
  readonly timedOut?: string
}
interface ApprovalSettings extends Common {
  readonly fields?: readonly string[]
  readonly amount?: unknown
  readonly approved?: string
  readonly rejected?: string
  readonly assume?: 'approved' | 'rejected'
}
interface FormSettings extends Common {
  readonly fields?: Form
  readonly submitted?: string
}

const unitMs = { minutes: 60_000, hours: 3_600_000, days: 86_400_000, seconds: 1_000 } as const

export async function beginApproval(
  input: StepInput<ApprovalSettings>,
  ctx: HandlerContext,
): Promise<Answer> {
  const { settings, isDryRun } = input
  if (isDryRun) {
    const decision = settings.assume ?? 'approved'
    return answerOf(settings, decision, { decision, assumed: true })
  }
  const { fields, amount } = settings
  return asked(input, ctx, {
    ...(fields ? { fields } : {}),
    ...(amount === undefined ? {} : { amount }),
  })
}

export async function beginForm(
  input: StepInput<FormSettings>,
  ctx: HandlerContext,
): Promise<Answer> {
  const { settings, isDryRun } = input
  const { fields: form = {} } = settings
  if (isDryRun) {
    const answers = Object.fromEntries(Object.keys(form).map((key) => [key, null]))
    return answerOf(settings, 'submitted', { ...answers, assumed: true })
  }
  return asked(input, ctx, { kind: 'form', form, fields: [] })
}

export async function resumeApproval(
  { settings, payload }: StepInput<ApprovalSettings> & Resumed,
  ctx: HandlerContext,
): Promise<Answer> {
  const { status, by, byName, comment } = await ended(ctx, payload)
  return answerOf(settings, status, { decision: status, by, byName, comment })
}

export async function resumeForm(
  { settings, payload }: StepInput<FormSettings> & Resumed,
  ctx: HandlerContext,
): Promise<Answer> {
  const { status, by, byName, answers } = await ended(ctx, payload)
  if (status !== 'submitted') return answerOf(settings, status, { timedOut: true })
  return answerOf(settings, status, { ...(answers as object), by, byName })
}

type Answer =
  | { readonly output: unknown; readonly to?: string | null }
  | { readonly wait: { readonly event: string; readonly match: Readonly<Record<string, unknown>> } }

/**
 * The way that the settings name. Only a yes goes on without one: whatever else has no way of its own ends the run.
 */
function answerOf(
  settings: Partial<Record<'approved' | 'rejected' | 'submitted' | 'timedOut', unknown>>,
  status: Status,
  output: unknown,
): Answer {
  const way = status === 'expired' || status === 'cancelled' ? 'timedOut' : status
  const to = way === 'pending' ? undefined : settings[way]
  if (typeof to === 'string' && to !== '') return { output, to }
  return status === 'approved' || status === 'submitted' ? { output } : { output, to: null }
}

async function asked(
  { settings, run, workflow, record, key }: StepInput<Common>,
  ctx: HandlerContext,
  more: object,
): Promise<Answer> {
  const { assignee, role, title, text, dueIn, expiresIn, escalateTo } = settings
  const { approvalId } = await request(
    {
      title: title || workflow.step,
      text: text || null,
      asker: { type: 'workflow', id: run, userId: null, name: workflow.label },
      record,
      assignee: assignee || null,
      role: role || null,
      escalateTo: escalateTo || null,
      dueAt: momentAfter(ctx, dueIn),
      expiresAt: momentAfter(ctx, expiresIn),
      ...{ run, key },
      ...more,
    },
    ctx,
  )
  return { wait: { event: 'platform.approvals:decided', match: { approvalId } } }
}

function momentAfter({ now }: HandlerContext, time: Time | undefined): string | null {
  if (!time || time.for === undefined || time.for === '') return null
  const length = Number(time.for)
  if (!Number.isFinite(length) || length < 0) {
    const message = `"${time.for}" is no length of time.`
    throw new InvalidError(message, { errors: [{ path: 'for', code: 'BAD_FORMAT', message }] })
  }
  return new Date(now.getTime() + length * (unitMs[time.unit ?? 'hours'] ?? 0)).toISOString()
}

/** What was decided, by what is kept here: the event only says that it was. */
async function ended(ctx: HandlerContext, event: unknown) {
  const { payload } = (event ?? {}) as { payload?: { approvalId?: string } }
  const row = payload?.approvalId ? await findRequest(ctx, payload.approvalId) : null
  return {
    status: row?.status ?? ('expired' as const),
    by: row?.decidedBy ?? null,
    byName: row?.decidedByName ?? null,
    comment: row?.comment ?? null,
    answers: row?.answers ?? {},
  }
}
