import type { FieldValues, HandlerContext } from '@runwaycrm/sdk'
import {
  type Asker,
  approvalEntity,
  digest,
  type Form,
  findRequest,
  hashOf,
  type RequestRow,
  type ShownRecord,
  toRequest,
} from './request.ts'

export interface Draft {
  readonly kind: RequestRow['kind']
  readonly title: string
  readonly text?: string | null
  readonly action?: string | null
  readonly input?: unknown
  readonly asker: Asker
  readonly causeUser: string | null
  readonly about: { readonly entity: string; readonly id: string } | null
  readonly shown: readonly ShownRecord[]
  readonly assignee: string | null
  readonly role: string | null
  /** Who would have been asked and is away. */
  readonly standsInFor: string | null
  readonly escalateTo: string | null
  readonly amount: RequestRow['amount']
  readonly dueAt: Date | null
  readonly expiresAt: Date
  readonly form?: Form | null
  readonly run?: string | null
  readonly askKey?: string | null
}

/**
 * Keeps what is asked, with the record that people see, the jobs that watch its time and whoever is told; all of
 * it in the transaction of `ctx`, or in one of its own.
 *
 * @param ctx of the plugin itself.
 */
export async function ask(ctx: HandlerContext, whole: Draft): Promise<RequestRow> {
  // A longer one fits no subject of a mail.
  const draft = { ...whole, title: whole.title.slice(0, mostTitle) }
  const known = await pendingTwin(ctx, draft)
  if (known) return known
  // What was asked stays asked when the deed around it is taken back.
  const work = async (inside: HandlerContext) => {
    const { action = null, input = null, shown, asker } = draft
    const expiresAt = draft.expiresAt.toISOString()
    const hash = hashOf({ action, input, shown, expiresAt })
    const record = await inside.records.create(approvalEntity, recordOf(draft, hash))
    const [row] = await inside.tables.insert('request', [
      {
        ...{ approval: record.id, kind: draft.kind, status: 'pending', title: draft.title },
        ...{ action, input, inputHash: digest(input), shown, hash, asker },
        askerUser: asker.userId,
        causeUser: draft.causeUser,
        ...{ assignee: draft.assignee, role: draft.role, escalateTo: draft.escalateTo },
        ...{ escalated: false, granted: false, amount: draft.amount, form: draft.form ?? null },
        ...{ dueAt: draft.dueAt?.toISOString() ?? null, expiresAt },
        ...{ run: draft.run ?? null, askKey: askKeyOf(draft) },
      },
    ])
    const request = toRequest(row!)
    await watch(inside, request)
    return request
  }
  return ctx.transaction(work, { isApart: true })
}

const mostTitle = 200

/** Jobs that tell whom it waits for, and look at it when its times are over. */
export async function watch(inside: HandlerContext, row: RequestRow): Promise<void> {
  const { approval, hash, dueAt, expiresAt } = row
  await inside.jobs.enqueue('tell', { approval, hash })
  if (dueAt !== null && !row.escalated) {
    await inside.jobs.enqueue('due', { approval }, { at: new Date(dueAt) })
  }
  if (!row.escalated) await inside.jobs.enqueue('expire', { approval }, { at: new Date(expiresAt) })
}

/** A step that is tried again, or the same person asking for the same, asks once. */
async function pendingTwin(ctx: HandlerContext, draft: Draft): Promise<RequestRow | null> {
  const rows = await ctx.tables.select('request', {
    where: {
      askKey: askKeyOf(draft),
      status: 'pending',
      expiresAt: { $gt: ctx.now.toISOString() },
    },
    limit: 1,
  })
  return rows[0] ? toRequest(rows[0]) : null
}

function askKeyOf({ askKey, asker, action, input, shown, assignee, role }: Draft): string {
  if (askKey) return askKey
  return digest({ by: [asker.type, asker.id], action, input: input ?? null, shown, assignee, role })
}

function recordOf(draft: Draft, hash: string): FieldValues {
  const { asker } = draft
  return {
    ...{ title: draft.title, kind: draft.kind, status: 'pending', hash },
    text: draft.text ?? null,
    assigneeId: draft.assignee,
    role: draft.role,
    standsInForId: draft.standsInFor,
    action: draft.action ?? null,
    input: draft.input ?? null,
    shown: draft.shown,
    form: draft.form ?? null,
    ...(draft.about ? { about: draft.about } : {}),
    ...{ askedById: asker.userId, askedByName: asker.name, askedByType: asker.type },
    askerId: asker.id,
    amount: draft.amount,
    dueAt: draft.dueAt?.toISOString() ?? null,
    expiresAt: draft.expiresAt.toISOString(),
    escalated: false,
    run: draft.run ?? null,
  }
}

/** Changes what was asked and the record that shows it. @returns null when it is not as expected any more. */
export async function changeRequest(
  inside: HandlerContext,
  row: RequestRow,
  change: FieldValues,
  shownChange: FieldValues,
): Promise<RequestRow | null> {
  const where = { id: row.id, status: row.status, hash: row.hash }
  const count = await inside.tables.update('request', where, change)
  if (count === 0) return null
  await inside.records.update(approvalEntity, row.approval, shownChange)
  return findRequest(inside, row.approval)
}
