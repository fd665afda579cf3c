import type { RecordData } from '@runwaycrm/sdk'

export type ApprovalTab = 'waiting' | 'asked' | 'decided'

/** A record whose values a decision holds for. */
export interface ShownRecord {
  readonly entity: string
  readonly id: string
  readonly title: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Approval {
  readonly id: string
  readonly title: string
  readonly kind: 'approval' | 'form'
  readonly status: string
  readonly hash: string
  readonly text: string
  readonly action: string | null
  readonly input: Readonly<Record<string, unknown>>
  readonly shown: readonly ShownRecord[]
  readonly about: { readonly entity: string; readonly id: string } | null
  readonly askedById: string | null
  readonly askedByName: string
  readonly askedByType: string
  readonly assigneeId: string | null
  readonly role: string | null
  readonly standsInForId: string | null
  readonly handedOnById: string | null
  readonly dueAt: string | null
  readonly expiresAt: string | null
  readonly decidedById: string | null
  readonly decidedAt: string | null
  readonly comment: string
  readonly problem: string
  readonly form: Readonly<Record<string, FormField>>
  readonly answers: Readonly<Record<string, unknown>>
}

export interface FormField {
  readonly label: string
  readonly type: 'text' | 'longText' | 'number' | 'boolean' | 'date' | 'select'
  readonly help?: string
  readonly order?: number
  readonly required?: boolean
  readonly options?: Readonly<Record<string, { readonly label: string; readonly order?: number }>>
}

export function toApproval(record: RecordData): Approval {
  const text = (key: string) => (typeof record[key] === 'string' ? (record[key] as string) : null)
  const object = <T>(key: string): T => (record[key] ?? {}) as T
  return {
    ...{ id: record.id, title: text('title') ?? '', hash: text('hash') ?? '' },
    kind: record['kind'] === 'form' ? 'form' : 'approval',
    ...{ status: text('status') ?? 'pending', text: text('text') ?? '', action: text('action') },
    input: object('input'),
    shown: Array.isArray(record['shown']) ? (record['shown'] as readonly ShownRecord[]) : [],
    about: (record['about'] ?? null) as Approval['about'],
    askedById: text('askedById'),
    askedByName: text('askedByName') ?? '',
    askedByType: text('askedByType') ?? 'system',
    ...{ assigneeId: text('assigneeId'), role: text('role') },
    ...{ standsInForId: text('standsInForId'), handedOnById: text('handedOnById') },
    ...{ dueAt: text('dueAt'), expiresAt: text('expiresAt') },
    ...{ decidedById: text('decidedById'), decidedAt: text('decidedAt') },
    ...{ comment: text('comment') ?? '', problem: text('problem') ?? '' },
    ...{ form: object('form'), answers: object('answers') },
  }
}

const byOrder = (
  [a, one]: readonly [string, { readonly order?: number }],
  [b, other]: readonly [string, { readonly order?: number }],
): number => (one.order ?? 1000) - (other.order ?? 1000) || (a < b ? -1 : 1)

export const fieldsInOrder = (form: Approval['form']): readonly (readonly [string, FormField])[] =>
  Object.entries(form).sort(byOrder)

export const optionsInOrder = ({ options = {} }: FormField) => Object.entries(options).sort(byOrder)
