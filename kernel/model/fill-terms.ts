/** What the records of an entity are called: `Lead`, `Leads`. */
export interface Term {
  readonly one: string
  readonly many: string
}

/** `{lead}`, `{Lead.plural}`, `{a lead}`, `{crm.leads:lead}`. */
const place = /\{(?:([aA]) )?(?:([a-z][a-z0-9.-]*):)?([A-Za-z][A-Za-z0-9_]*)(\.plural)?\}/g

/**
 * Fills the places of a text that name an entity with what its records are called: `{lead}` within a
 * sentence, `{Lead}` at its beginning, `.plural` for many, `{a lead}` with the article that English wants.
 * An entity of another plugin is named in full: `{crm.leads:lead}`. Whatever else stands in braces stays.
 *
 * @param termOf by plugin (null: the text's own) and key; null when there is no such entity.
 */
export function fillTerms(
  text: string,
  language: string,
  termOf: (plugin: string | null, key: string) => Term | null,
): string {
  if (!text.includes('{')) return text
  return text.replace(place, (whole, article, plugin, name: string, plural) => {
    const key = name.charAt(0).toLowerCase() + name.slice(1)
    const found = termOf(plugin ?? null, key)
    // An entity that is not here is named by its key; a bare word is some other kind of place.
    if (!found && plugin === undefined) return whole
    const term = found ?? { one: asWords(key), many: `${asWords(key)}s` }
    const label = plural ? term.many : term.one
    const isFirst = name !== key
    if (article === undefined)
      return isFirst ? capital(label, language) : inSentence(label, language)
    const noun = inSentence(label, language)
    if (language !== 'en') return noun
    const an = startsWithVowel(noun) ? 'an' : 'a'
    return `${article === 'A' ? capital(an, language) : an} ${noun}`
  })
}

/** For places without an organisation: `{crm.accounts:Account}` reads `Account`. */
export function plainTerms(text: string): string {
  return fillTerms(text, 'en', (_, key) => ({ one: asWords(key), many: `${asWords(key)}s` }))
}

/** Whether a text with places could have read like `seen` somewhere. */
export function couldRead(text: string, seen: string): boolean {
  const parts = text.split(new RegExp(place, 'g')).filter((_, i) => i % 5 === 0)
  const [first = '', ...rest] = parts
  if (rest.length === 0) return text === seen
  const last = rest.pop() ?? ''
  if (!seen.startsWith(first) || !seen.endsWith(last)) return false
  let at = first.length
  for (const part of rest) {
    const found = seen.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return at <= seen.length - last.length
}

/** Languages that write nouns with a capital wherever they stand. */
const capitalNouns: ReadonlySet<string> = new Set(['de', 'lb'])

/** `Lead` to `lead` within a sentence; `API key` and `vCard` stay, and so does every German noun. */
export function inSentence(label: string, language: string): string {
  if (capitalNouns.has(language) || /^\p{Lu}(\p{Lu}|\d)/u.test(label)) return label
  return label.charAt(0).toLocaleLowerCase(language) + label.slice(1)
}

function capital(label: string, language: string): string {
  return label.charAt(0).toLocaleUpperCase(language) + label.slice(1)
}

/** By sound as far as spelling tells: `an hour`, `a user`, `an opportunity`. */
function startsWithVowel(noun: string): boolean {
  if (/^(uni|use|usu|eu|one|ut[aei])/i.test(noun)) return false
  return /^([aeiou]|hour|heir|hono)/i.test(noun)
}

function asWords(key: string): string {
  return key.replaceAll('_', ' ')
}
