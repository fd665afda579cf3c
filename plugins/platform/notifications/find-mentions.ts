export interface Member {
  readonly id: string
  readonly name: string
  readonly email: string | null
}

/**
 * Who is mentioned in a text: `@Ann Lee`, or `@ann@acme.test` where two have one name. An `@` inside a word
 * is an address of somebody. A name that two members have is nobody's.
 *
 * @returns ids, each once.
 */
export function findMentions(text: string, members: readonly Member[]): readonly string[] {
  const found = new Set<string>()
  const lower = text.toLowerCase()
  const named = uniqueNames(members)
  for (let at = lower.indexOf('@'); at >= 0; at = lower.indexOf('@', at + 1)) {
    if (isWord(lower[at - 1])) continue
    const rest = lower.slice(at + 1, at + 1 + longest)
    const id = byEmail(rest, members) ?? byName(rest, named)
    if (id) found.add(id)
  }
  return [...found]
}

/** Longer than any name or address. */
const longest = 260

function byEmail(rest: string, members: readonly Member[]): string | undefined {
  return members.find(({ email }) => email && startsWithWord(rest, email.toLowerCase()))?.id
}

/** `@Ann Lee` is Ann Lee, though there is an Ann. */
function byName(rest: string, named: ReadonlyMap<string, string>): string | undefined {
  let best = ''
  for (const name of named.keys()) {
    if (name.length > best.length && startsWithWord(rest, name)) best = name
  }
  return named.get(best)
}

function uniqueNames(members: readonly Member[]): ReadonlyMap<string, string> {
  const byName = Map.groupBy(members, ({ name }) => name.trim().toLowerCase())
  return new Map(
    [...byName].flatMap(([name, having]) =>
      name !== '' && having.length === 1 ? [[name, having[0]!.id] as const] : [],
    ),
  )
}

function startsWithWord(text: string, word: string): boolean {
  return text.startsWith(word) && !isWord(text[word.length])
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{N}_]/u.test(character)
}

/** The words of rich text; what begins a line or a cell begins a word. */
export function plainText(html: string): string {
  return html
    .replace(/<\/?(?:b|i|u|s|em|strong|span|a|code|mark|sub|sup)\b[^>]*>/gi, '')
    .replace(/<[^>]*>/g, '\n')
    .replace(/&nbsp;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
}
