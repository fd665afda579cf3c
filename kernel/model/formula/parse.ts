import { FormulaError, formulaLimits } from './expression.ts'
import { type Token, tokenise } from './tokenise.ts'

/** A formula as it was written; `at` is where a part begins. */
export type Node =
  | { readonly kind: 'literal'; readonly at: number; readonly value: Literal }
  | { readonly kind: 'path'; readonly at: number; readonly name: string }
  | {
      readonly kind: 'call'
      readonly at: number
      readonly name: string
      readonly args: readonly Node[]
      readonly isSign: boolean
    }

export type Literal = string | number | boolean | null

/** How tightly signs bind; of equal ones the left comes first. */
const binding: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '=': 4,
  '!=': 4,
  '<': 4,
  '<=': 4,
  '>': 4,
  '>=': 4,
  '&': 5,
  '+': 6,
  '-': 6,
  '*': 7,
  '/': 7,
  '%': 7,
}
const spellings: Readonly<Record<string, string>> = { '==': '=', '<>': '!=' }
const words: Readonly<Record<string, Literal>> = { true: true, false: false, null: null }
const notBinding = 3
const minusBinding = 8

/** @throws FormulaError with the first thing that is wrong. */
export function parseFormula(source: string): Node {
  if (source.length > formulaLimits.length) {
    const message = `A formula has at most ${formulaLimits.length.toLocaleString('en')} characters.`
    throw new FormulaError(formulaLimits.length, message, 'Move a part of it into another field.')
  }
  const tokens = tokenise(source)
  let index = 0
  let nodes = 0
  const peek = (): Token => tokens[index]!
  const isSign = (text: string) => peek().kind === 'sign' && peek().text === text

  const root = expression(0, 1)
  if (peek().kind !== 'end') {
    const { text, at } = peek()
    throw new FormulaError(at, `Expected an operator or the end, not "${clip(text)}".`, joinHint)
  }
  return root

  function expression(least: number, depth: number): Node {
    if (depth > formulaLimits.depth) {
      const message = `A formula is at most ${formulaLimits.depth} deep.`
      throw new FormulaError(peek().at, message, 'Move a part of it into another field.')
    }
    let left = prefix(depth)
    for (;;) {
      const sign = signHere()
      const power = sign === null ? 0 : binding[sign]!
      if (sign === null || power <= least) return left
      const { at } = peek()
      index += 1
      const right = expression(power, depth + 1)
      if (power === 4 && signHere() !== null && binding[signHere()!] === 4) {
        const hint = 'Join comparisons: 1 < a and a < 10.'
        throw new FormulaError(peek().at, 'Comparisons cannot stand in a row.', hint)
      }
      left = node({ kind: 'call', at, name: sign, args: [left, right], isSign: true })
    }
  }

  function prefix(depth: number): Node {
    const token = peek()
    const { at, text } = token
    if (token.kind === 'number') {
      index += 1
      const value = Number(text)
      if (value > 1e140) throw new FormulaError(at, 'This number is too large.', 'Below 1e140.')
      return node({ kind: 'literal', at, value })
    }
    if (token.kind === 'text') {
      index += 1
      return node({ kind: 'literal', at, value: text })
    }
    if (token.kind === 'name') return named(token, depth)
    if (isSign('(')) {
      index += 1
      const inner = expression(0, depth + 1)
      expect(')', at)
      return inner
    }
    if (isSign('-') || isSign('+')) {
      index += 1
      const inner = expression(minusBinding, depth + 1)
      return text === '+'
        ? inner
        : node({ kind: 'call', at, name: 'negate', args: [inner], isSign: true })
    }
    const found = token.kind === 'end' ? 'the end' : `"${clip(text)}"`
    throw new FormulaError(at, `Expected a value, not ${found}.`, valueHint)
  }

  function named({ text, at }: Token, depth: number): Node {
    index += 1
    if (isSign('(') && text !== 'not' && text !== 'and' && text !== 'or') {
      index += 1
      return node({ kind: 'call', at, name: text, args: args(at, depth), isSign: false })
    }
    if (Object.hasOwn(words, text)) return node({ kind: 'literal', at, value: words[text]! })
    if (text === 'not') {
      const inner = expression(notBinding, depth + 1)
      return node({ kind: 'call', at, name: 'not', args: [inner], isSign: true })
    }
    if (text === 'and' || text === 'or') {
      throw new FormulaError(at, `Expected a value, not "${text}".`, valueHint)
    }
    return node({ kind: 'path', at, name: text })
  }

  function args(opened: number, depth: number): Node[] {
    const list: Node[] = []
    if (isSign(')')) {
      index += 1
      return list
    }
    for (;;) {
      list.push(expression(0, depth + 1))
      if (!isSign(',')) break
      index += 1
    }
    expect(')', opened)
    return list
  }

  function signHere(): string | null {
    const { kind, text } = peek()
    const sign = spellings[text] ?? text
    return (kind === 'sign' || kind === 'name') && Object.hasOwn(binding, sign) ? sign : null
  }

  function expect(sign: string, opened: number): void {
    if (isSign(sign)) {
      index += 1
      return
    }
    const { at, kind, text } = peek()
    const found = kind === 'end' ? 'the end' : `"${clip(text)}"`
    const hint = `It closes what begins at character ${opened + 1}.`
    throw new FormulaError(at, `Expected "${sign}", not ${found}.`, hint)
  }

  function node(made: Node): Node {
    nodes += 1
    if (nodes > formulaLimits.nodes) {
      const message = `A formula has at most ${formulaLimits.nodes} parts.`
      throw new FormulaError(made.at, message, 'Move a part of it into another field.')
    }
    return made
  }
}

const valueHint = 'A value is a field, a number, a "text", true, false, null or a function(...).'
const joinHint = 'Put + - * / % & = != < > and, or between two values.'

export function clip(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40).toWellFormed()}…` : text
}
