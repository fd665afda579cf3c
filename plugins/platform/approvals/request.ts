import { createHash } from 'node:crypto'
import type { HandlerContext, Principal, Row } from '@runwaycrm/sdk'

export const approvalEntity = 'platform.approvals:approval'

export type Status = 'pending' | 'approved' | 'rejected' | 'submitted' | 'expired' | 'cancelled'

/** Who asked, as the kernel finds them again when the deed is done. */
export type Asker = Pick<Principal, 'type' | 'id' | 'userId' | 'name'> & {
  readonly roles?: readonly string[]
}

/** What whoever decides is shown of a record; what they decide holds for these values. */
export interface ShownRecord {
  /** A reference. */
  readonly entity: string
  readonly id: string
  readonly title: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface FormField {
  readonly label: string
  readonly type: 'text' | 'longText' | 'number' | 'boolean' | 'date' | 'select'
  readonly help?: string
  readonly order?: number
  readonly required?: boolean
  readonly options?: Readonly<Record<string, { readonly label: string; readonly order?: number }>>
}
export type Form = Readonly<Record<string, FormField>>

/**
 * A row of `request`: what was asked. The record that people see follows it and decides nothing, so taking a change
 * of the record back brings no decision back.
 */
export interface RequestRow {
  readonly id: string
  /** Id of the record. */
  readonly approval: string
  readonly kind: 'approval' | 'form'
  readonly status: Status
  readonly title: string
  readonly action: string | null
  readonly input: unknown
  readonly inputHash: string
  readonly asker: Asker
  /** The member who asked, or on whose behalf. */
  readonly askerUser: string | null
  /** The member whose deed led to it: began the run, made the key. */
  readonly causeUser: string | null
  readonly shown: readonly ShownRecord[]
  /** Of action, input, shown values and expiry: what a decision is for. */
  readonly hash: string
  readonly assignee: string | null
  readonly role: string | null
  readonly escalateTo: string | null
  readonly escalated: boolean
  readonly amount: { readonly amount: string; readonly currency: string } | null
  readonly dueAt: string | null
  readonly expiresAt: string
  readonly form: Form | null
  readonly answers: unknown
  readonly run: string | null
  /** By which a step that is tried again finds what it asked for. */
  readonly askKey: string | null
  /** While the approved deed may go past the guard, once. */
  readonly granted: boolean
  readonly claimedUntil: string | null
  readonly settledAt: string | null
  readonly output: unknown
  readonly problem: { readonly code: string; readonly detail: string } | null
  readonly decidedBy: string | null
  readonly decidedByName: string | null
  readonly comment: string | null
}

export const toRequest = (row: Row): RequestRow => row as unknown as RequestRow

export async function findRequest(
  ctx: HandlerContext,
  approval: string,
): Promise<RequestRow | null> {
  const [row] = await ctx.tables.select('request', { where: { approval }, limit: 1 })
  return row ? toRequest(row) : null
}

export const isOver = ({ expiresAt }: Pick<RequestRow, 'expiresAt'>, now: Date): boolean =>
  Date.parse(expiresAt) <= now.getTime()

/** What a decision is bound to. */
export function hashOf({
  action,
  input,
  shown,
  expiresAt,
}: Pick<RequestRow, 'action' | 'input' | 'shown' | 'expiresAt'>): string {
  const at = new Date(expiresAt).toISOString()
  return digest({ action, input: input ?? null, shown, expiresAt: at })
}

export function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}

/** The same text for the same value, whatever the order of its members. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
