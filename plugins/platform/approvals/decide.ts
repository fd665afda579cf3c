import {
  ApprovalStaleError,
  type HandlerContext,
  InvalidError,
  type Issue,
  StateConflictError,
} from '@runwaycrm/sdk'
import { changeRequest } from './ask.ts'
import { carryOut } from './carry-out.ts'
import { assertMayDecide, type Member } from './people.ts'
import {
  approvalEntity,
  type Form,
  findRequest,
  hashOf,
  isOver,
  type RequestRow,
  type Status,
} from './request.ts'
import { conflictsOf } from './shown.ts'

export type Decision = 'approved' | 'rejected'

export interface Decided {
  readonly state: Status
  readonly output?: unknown
  readonly problem?: { readonly code: string; readonly detail: string }
}

/**
 * Takes somebody's yes or no. It holds for what they were shown: when that has changed, when the time is over or somebody
 * was faster, it is refused and nothing happens.
 *
 * @throws ForbiddenError, ApprovalStaleError with `conflicts`
 */
export async function decide(
  plugin: HandlerContext,
  approval: string,
  { decision, hash, comment }: { decision: Decision; hash: string; comment?: string | null },
  member: Pick<Member, 'id' | 'roles' | 'name'>,
): Promise<Decided> {
  const row = await currentRequest(plugin, approval, hash, member)
  if (row.kind !== 'approval') throw new StateConflictError('This is a form to be filled in.')
  await plugin.transaction(async (inside) => {
    await assertUnchanged(inside, row)
    await end(inside, row, { status: decision, by: member, comment: comment ?? null })
    if (decision === 'approved' && row.action !== null) {
      // In case this process does not live to do it.
      await inside.jobs.enqueue('carry_out', { approval }, { at: new Date(Date.now() + 150_000) })
    }
  })
  if (decision !== 'approved' || row.action === null) return { state: decision }
  const done = await carryOut(plugin, approval).catch((error: unknown) => {
    plugin.log.warn('an approved deed is tried again later', { approval, error })
    return null
  })
  return {
    state: decision,
    ...(done?.settledAt && !done.problem ? { output: done.output } : {}),
    ...(done?.problem ? { problem: done.problem } : {}),
  }
}

/** Takes what somebody filled in. @throws InvalidError with every problem at once. */
export async function submit(
  plugin: HandlerContext,
  approval: string,
  { answers, hash }: { answers: Readonly<Record<string, unknown>>; hash: string },
  member: Pick<Member, 'id' | 'roles' | 'name'>,
): Promise<Decided> {
  const row = await currentRequest(plugin, approval, hash, member)
  if (row.kind !== 'form') throw new StateConflictError('This is no form.')
  const checked = checkAnswers(row.form ?? {}, answers)
  await plugin.transaction((inside) =>
    end(inside, row, { status: 'submitted', by: member, comment: null, answers: checked }),
  )
  return { state: 'submitted' }
}

async function currentRequest(
  plugin: HandlerContext,
  approval: string,
  hash: string,
  member: Pick<Member, 'id' | 'roles'>,
): Promise<RequestRow> {
  const row = await findRequest(plugin, approval)
  if (!row) throw new ApprovalStaleError('There is nothing to decide any more.')
  await assertMayDecide(plugin, row, member)
  if (row.status !== 'pending') throw stale('It was decided already.', row)
  if (isOver(row, new Date())) throw stale('The time for it is over.', row)
  if (hash !== row.hash || hash !== hashOf(row)) {
    throw stale('This is not what is asked now; look at it again.', row)
  }
  return row
}

async function assertUnchanged(inside: HandlerContext, row: RequestRow): Promise<void> {
  const conflicts = await conflictsOf(inside, row.shown)
  if (conflicts.length === 0) return
  throw new ApprovalStaleError('Some of what was shown has changed since.', {
    extra: { state: row.status, conflicts },
  })
}

const stale = (message: string, { status }: RequestRow) =>
  new ApprovalStaleError(message, { extra: { state: status, conflicts: [] } })

export interface End {
  readonly status: Exclude<Status, 'pending'>
  readonly by?: Pick<Member, 'id' | 'name'>
  readonly comment?: string | null
  readonly answers?: unknown
}

/**
 * Ends what is pending: whoever comes second finds that it has ended. What waits for it hears of it with the commit.
 *
 * @throws ApprovalStaleError
 */
export async function end(
  inside: HandlerContext,
  row: RequestRow,
  { status, by, comment = null, answers = null }: End,
): Promise<void> {
  const decidedAt = new Date().toISOString()
  const isCarriedOut = status === 'approved' && row.action !== null
  const kept = { status, comment, answers, decidedBy: by?.id ?? null }
  const changed = await changeRequest(
    inside,
    row,
    {
      ...kept,
      decidedByName: by?.name ?? null,
      ...(isCarriedOut ? {} : { settledAt: decidedAt }),
    },
    { status, comment, answers, decidedById: by?.id ?? null, decidedAt },
  )
  if (!changed) throw stale('Somebody else was faster.', row)
  const payload = { approvalId: row.approval, decision: status, comment }
  const about = { entity: approvalEntity, id: row.approval }
  const who = { by: by?.id ?? null, byName: by?.name ?? null }
  await inside.events.emit('decided', { ...payload, ...who }, about)
  if (!isCarriedOut) await inside.events.emit('settled', { approvalId: row.approval, status })
}

const isDay = (value: string) =>
  /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(value))

function checkAnswers(form: Form, answers: Readonly<Record<string, unknown>>) {
  const errors: Issue[] = []
  const refuse = (key: string, code: Issue['code'], message: string) =>
    errors.push({ path: `answers.${key}`, code, message })
  const checked: Record<string, unknown> = {}
  for (const key of Object.keys(answers)) {
    if (!Object.hasOwn(form, key)) refuse(key, 'UNKNOWN_FIELD', 'The form has no such field.')
  }
  for (const [key, field] of Object.entries(form)) {
    const given = Object.hasOwn(answers, key) ? answers[key] : null
    const value = typeof given === 'string' && given.trim() === '' ? null : (given ?? null)
    checked[key] = value
    if (value === null) {
      if (field.required) refuse(key, 'REQUIRED', `"${field.label}" needs a value.`)
      continue
    }
    const isText = typeof value === 'string' && value.length <= 10_000
    const fits: Readonly<Record<typeof field.type, boolean>> = {
      text: isText,
      longText: isText,
      number: typeof value === 'number' && Number.isFinite(value),
      boolean: typeof value === 'boolean',
      date: isText && isDay(value),
      select: isText,
    }
    if (!fits[field.type]) refuse(key, 'WRONG_TYPE', `"${field.label}" is not of its kind.`)
    else if (field.type === 'select' && !Object.hasOwn(field.options ?? {}, String(value))) {
      refuse(key, 'UNKNOWN_OPTION', `"${field.label}" has no such choice.`)
    }
  }
  if (errors.length > 0) throw new InvalidError('Some answers are not valid.', { errors })
  return checked
}
