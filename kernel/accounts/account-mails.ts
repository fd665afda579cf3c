import { localeOf, messageOf, type Words } from '../model/words.ts'

/** A mail that the platform itself sends, in the organisation's look: text with one link. */
export interface AccountMail {
  readonly to: string
  readonly subject: string
  /** The address of the action stands in it as a paragraph of its own. */
  readonly text: string
  readonly layout: 'brand'
  readonly action: { readonly label: string; readonly url: string }
  readonly language: string
  readonly template: string
}

/** @param words in the reader's language, of the organisation in which they work. */
export function resetMail(words: Words, to: string, url: string): AccountMail {
  return accountMail(words, 'reset', to, url, {})
}

export function inviteMail(
  words: Words,
  to: string,
  orgName: string,
  by: string,
  url: string,
): AccountMail {
  return accountMail(words, 'invite', to, url, { by, org: orgName })
}

/** The texts are messages of the kernel, so that an organisation's own layer may word them. */
function accountMail(
  words: Words,
  template: string,
  to: string,
  url: string,
  values: Readonly<Record<string, string>>,
): AccountMail {
  const say = (part: string) => messageOf(words, 'kernel', `mail.${template}.${part}`, values)
  return {
    to,
    subject: say('subject'),
    text: [say('text'), url, say('note')].join('\n\n'),
    layout: 'brand',
    action: { label: say('action'), url },
    language: localeOf(words),
    template,
  }
}
