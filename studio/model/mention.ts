export interface Mentionable {
  readonly id: string
  readonly name: string
  readonly email: string
}

/** What is being written behind an `@` in front of the caret; null when it is no mention. */
export interface MentionAt {
  /** Where the `@` stands. */
  readonly start: number
  readonly words: string
}

/** An `@` inside a word belongs to an address. */
const written = /(?:^|[^\p{L}\p{N}_])@([\p{L}\p{N}_.'’ -]{0,40})$/u

export function mentionAt(text: string, caret: number): MentionAt | null {
  const words = written.exec(text.slice(0, caret))?.[1]
  if (words === undefined || /\s{2}|^\s/.test(words)) return null
  return { start: caret - words.length - 1, words }
}

/** Those whose name, or a part of it, begins with what was written; none once a name is complete. */
export function mentionable<T extends Mentionable>(
  people: readonly T[],
  words: string,
  most = 6,
): readonly T[] {
  const wanted = words.toLowerCase()
  const isComplete = people.some(({ name }) => `${name.toLowerCase()} ` === wanted)
  if (isComplete) return []
  return people
    .filter(({ name }) => {
      const lower = name.toLowerCase()
      return lower.startsWith(wanted) || lower.split(/\s+/).some((part) => part.startsWith(wanted))
    })
    .slice(0, most)
}

/** `@Ann Lee `. Two of one name are told apart by their address, which is how the server knows whom it means. */
export function mentionOf(person: Mentionable, people: readonly Mentionable[]): string {
  const isOnly =
    people.filter(({ name }) => name.toLowerCase() === person.name.toLowerCase()).length === 1
  return `@${isOnly ? person.name : person.email} `
}
