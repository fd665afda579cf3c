import { FormulaError } from './expression.ts'

export interface Token {
  readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end'
  /** A text without its quotes. */
  readonly text: string
  readonly at: number
}

const number = /[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const name = /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*/y
const sign = /<=|>=|<>|!=|==|[-+*/%&=<>(),]/y
const space = /\s+/y
const quoted = /"(?:[^"]|"")*"|'(?:[^']|'')*'/y

/**
 * The words of a formula. A quote inside a text is written twice.
 *
 * @throws FormulaError for a character that means nothing.
 */
export function tokenise(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (pattern: RegExp): string | null => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0] ?? null
  }
  while (at < source.length) {
    const blank = take(space)
    if (blank !== null) {
      at += blank.length
      continue
    }
    const token = next(source, at, take)
    tokens.push(token.token)
    at += token.length
  }
  tokens.push({ kind: 'end', text: '', at })
  return tokens
}

function next(source: string, at: number, take: (pattern: RegExp) => string | null) {
  for (const [kind, pattern] of [
    ['number', number],
    ['name', name],
    ['sign', sign],
  ] as const) {
    const text = take(pattern)
    if (text !== null) return { token: { kind, text, at }, length: text.length }
  }
  const text = take(quoted)
  if (text !== null) {
    const quote = text.charAt(0)
    const inner = text.slice(1, -1).replaceAll(quote + quote, quote)
    if (!inner.isWellFormed() || inner.includes('\0')) {
      throw new FormulaError(at, 'This text has characters that cannot be kept.', 'Remove them.')
    }
    return { token: { kind: 'text', text: inner, at } as const, length: text.length }
  }
  const character = String.fromCodePoint(source.codePointAt(at)!)
  if (character === '"' || character === "'") {
    throw new FormulaError(at, 'This text has no end.', `Close it with ${character}.`)
  }
  if (character === '{') {
    const hint = 'Write field names as they are: price / area.'
    throw new FormulaError(at, 'Braces are not needed in a formula.', hint)
  }
  const shown = character.isWellFormed() ? character : '?'
  const hint = 'Use field names, numbers, "texts", functions and + - * / % & = != < > ( ).'
  throw new FormulaError(at, `"${shown}" means nothing here.`, hint)
}
