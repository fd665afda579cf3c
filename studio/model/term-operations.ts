import type { EntityTerms } from '../api/branding.ts'
import type { Draft, DraftOperation } from '../api/studio.ts'

export type Forms = { readonly one: string; readonly many: string }
/** What somebody wrote, by reference and language; blank goes back to the word that stands behind. */
export type WrittenTerms = Readonly<Record<string, Readonly<Record<string, Forms>>>>

const labels = { one: 'label', many: 'labelPlural' } as const

/** Which words the own layer says itself, as `crm.leads:lead de one`. */
export function ownTerms(
  { contributes, overrides }: Draft['document'],
  terms: readonly EntityTerms[],
): ReadonlySet<string> {
  const own = new Set<string>()
  for (const { ref, terms: byLanguage } of terms)
    for (const language of Object.keys(byLanguage))
      for (const form of ['one', 'many'] as const) {
        const isOwn =
          language === 'en' && !isOwnEntity(ref)
            ? overrides.some(({ target, path }) => target === ref && path[0] === labels[form])
            : messagesOf(contributes, language)[messageOf(ref, form)] !== undefined
        if (isOwn) own.add(`${ref} ${language} ${form}`)
      }
  return own
}

/**
 * The edits of the draft that make the words what was written. In English they are the labels themselves,
 * in other languages messages over them. Where one language changes, the others keep the words they show:
 * a label that was changed is nobody's translation any more.
 */
export function termOperations(
  terms: readonly EntityTerms[],
  written: WrittenTerms,
  document: Draft['document'],
): readonly DraftOperation[] {
  const own = ownTerms(document, terms)
  return terms.flatMap(({ ref, terms: shown }) => {
    const wanted = written[ref] ?? {}
    const isChanged = (language: string) =>
      (['one', 'many'] as const).some(
        (form) =>
          (wanted[language]?.[form].trim() ?? shown[language]?.[form]) !== shown[language]?.[form],
      )
    const languages = Object.keys(shown)
    if (!languages.some(isChanged)) return []
    return languages.flatMap((language) =>
      (['one', 'many'] as const).flatMap((form) => {
        const now = shown[language]?.[form] ?? ''
        const next = wanted[language]?.[form].trim() ?? now
        const isOwn = own.has(`${ref} ${language} ${form}`)
        const holds = language !== 'en' && isChanged('en') && !isOwn
        if (next === now && !holds) return []
        return operationOf({ ref, language, form, now, next, isOwn })
      }),
    )
  })
}

interface Edit {
  readonly ref: string
  readonly language: string
  readonly form: 'one' | 'many'
  readonly now: string
  readonly next: string
  readonly isOwn: boolean
}

function operationOf({ ref, language, form, now, next, isOwn }: Edit): readonly DraftOperation[] {
  if (language === 'en') {
    const place = isOwnEntity(ref)
      ? { path: ['entities', ref.slice(2), labels[form]] }
      : { target: `entities/${ref}`, path: [labels[form]] }
    if (next !== '') return [{ op: 'set', ...place, from: now, value: next }]
    return isOwnEntity(ref) || !isOwn ? [] : [{ op: 'unset', ...place, from: now }]
  }
  const path = ['locales', language, 'messages', messageOf(ref, form)]
  const from = isOwn ? now : null
  if (next !== '') return [{ op: 'set', path, from, value: next }]
  return isOwn ? [{ op: 'unset', path, from }] : []
}

const isOwnEntity = (ref: string): boolean => ref.startsWith('t:')

/** An own entity is named in the layer's own words, another's in words over its plugin's. */
function messageOf(ref: string, form: 'one' | 'many'): string {
  const [plugin = '', key = ''] = ref.split(':')
  const name = `entities.${key}.${labels[form]}`
  return isOwnEntity(ref) ? name : `${plugin}:${name}`
}

function messagesOf(
  contributes: Draft['document']['contributes'],
  language: string,
): Readonly<Record<string, string>> {
  const locale = contributes['locales']?.[language] as
    | { readonly messages?: Readonly<Record<string, string>> }
    | undefined
  return locale?.messages ?? {}
}
