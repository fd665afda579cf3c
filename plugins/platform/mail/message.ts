import { InvalidError, type Issue, type Row } from '@runwaycrm/sdk'

export interface MailAction {
  readonly label: string
  readonly url: string
}

/** What the service `mail`, version 1, takes. */
export interface MailInput {
  readonly to: string
  readonly subject: string
  readonly text: string
  /** Its own HTML; `layout` draws some of the text. */
  readonly html?: string
  /** `brand`: as HTML it has the look of the organisation. */
  readonly layout?: 'brand'
  /** With `layout`: the paragraph that is this address becomes a button. */
  readonly action?: MailAction
  /** Of the text, BCP 47; the organisation's when missing. */
  readonly language?: string
  /** A name for what kind of mail it is; shown in lists. */
  readonly template?: string
  /** A uuid; the same one again is the same mail, which is not sent twice. */
  readonly id?: string
  /** Where whoever gets it says that they want no more of the kind; mail programs show a button for it. */
  readonly unsubscribeUrl?: string
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
  readonly unsubscribeUrl: string | null
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
    unsubscribeUrl: text('unsubscribeUrl'),
    status: (text('status') ?? 'kept') as MailStatus,
    problem: text('problem'),
  }
}

const most = {
  address: 254,
  subject: 300,
  text: 200_000,
  html: 500_000,
  template: 100,
  language: 35,
  label: 120,
  url: 2_000,
} as const

/** @throws InvalidError naming everything that is wrong. */
export function readMail(input: unknown): MailInput {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Record<
    string,
    unknown
  >
  const errors: Issue[] = []
  const text = (
    path: string,
    maxLength: number,
    required: boolean,
    value = given[path],
  ): string | undefined => {
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
  const language = text('language', most.language, false)
  const { layout } = given
  if (layout !== undefined && layout !== 'brand') {
    errors.push({
      path: 'layout',
      code: 'UNKNOWN_OPTION',
      message: 'The layout is brand, or none.',
    })
  }
  const action = given['action'] as Partial<MailAction> | undefined
  const label = action && text('action.label', most.label, true, action.label)
  const url = action && text('action.url', most.url, true, action.url)
  if (url !== undefined && !/^https?:\/\/\S+$/.test(url)) {
    errors.push({ path: 'action.url', code: 'BAD_FORMAT', message: 'A web address.' })
  }
  const id = text('id', 36, false)
  const unsubscribeUrl = text('unsubscribeUrl', most.url, false)
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
    ...(language === undefined ? {} : { language }),
    ...(layout === 'brand' ? { layout } : {}),
    ...(label === undefined || url === undefined ? {} : { action: { label, url } }),
    ...(id === undefined ? {} : { id }),
    ...(unsubscribeUrl === undefined ? {} : { unsubscribeUrl }),
  }
}

export function isAddress(text: string): boolean {
  return /^[^\s@"<>,;:()[\]\\]+@[^\s@"<>,;:()[\]\\]+$/.test(text)
}
