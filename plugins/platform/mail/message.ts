import { InvalidError, type Issue, type Row } from '@runwaycrm/sdk'

/** What the service `mail`, version 1, takes. */
export interface MailInput {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
  /** A name for what kind of mail it is; shown in lists. */
  readonly template?: string
}

/**
 * `kept`: there is no SMTP server, the mail is read here. `queued`: on its way. `sent`: the server took
 * it, and the text is gone from here, since it may hold links that open doors.
 */
export type MailStatus = 'kept' | 'queued' | 'sent'

export interface Message {
  readonly id: string
  readonly at: string
  readonly from: string
  readonly to: string
  readonly subject: string
  readonly text: string | null
  readonly html: string | null
  readonly template: string | null
  readonly status: MailStatus
  readonly problem: string | null
}

export function toMessage(row: Row): Message {
  const text = (key: string) => (typeof row[key] === 'string' ? row[key] : null)
  return {
    id: row.id,
    at: text('at') ?? '',
    from: text('from') ?? '',
    to: text('to') ?? '',
    subject: text('subject') ?? '',
    text: text('text'),
    html: text('html'),
    template: text('template'),
    status: (text('status') ?? 'kept') as MailStatus,
    problem: text('problem'),
  }
}

const most = { address: 254, subject: 300, text: 200_000, html: 500_000, template: 100 } as const

/** @throws InvalidError naming everything that is wrong. */
export function readMail(input: unknown): MailInput {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<
    string,
    unknown
  >
  const errors: Issue[] = []
  const text = (path: string, maxLength: number, required: boolean): string | undefined => {
    const value = given[path]
    if (value === undefined && !required) return undefined
    if (typeof value !== 'string') errors.push({ path, code: 'WRONG_TYPE', message: 'A text.' })
    else if (required && value.trim() === '') {
      errors.push({ path, code: 'REQUIRED', message: 'This is required.' })
    } else if (value.length > maxLength) {
      errors.push({ path, code: 'TOO_LONG', message: `At most ${maxLength} characters.` })
    } else return value
    return undefined
  }
  const to = text('to', most.address, true)
  const subject = text('subject', most.subject, true)
  const plain = text('text', most.text, true)
  const html = text('html', most.html, false)
  const template = text('template', most.template, false)
  if (to !== undefined && !isAddress(to)) {
    errors.push({ path: 'to', code: 'BAD_FORMAT', message: 'One email address.' })
  }
  if (errors.length > 0) throw new InvalidError(undefined, { errors })
  return {
    to: to!,
    // A line break would begin another header.
    subject: subject!.replace(/\s+/g, ' ').trim(),
    text: plain!,
    ...(html === undefined ? {} : { html }),
    ...(template === undefined ? {} : { template }),
  }
}

export function isAddress(text: string): boolean {
  return /^[^\s@"<>,;:()[\]\\]+@[^\s@"<>,;:()[\]\\]+$/.test(text)
}
