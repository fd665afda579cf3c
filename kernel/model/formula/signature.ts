import type { ValueType } from './expression.ts'

/** `any` is made a text, `same` are values of one type, `unit` is a quoted letter. */
export type ParamType = ValueType | 'any' | 'same' | 'unit'

export interface Signature {
  readonly params: readonly ParamType[]
  /** Arguments at least; those behind may be left out. */
  readonly least: number
  /** Whether the last may be repeated. */
  readonly repeats: boolean
  readonly result: ValueType | 'same'
}

const known = new Map<string, Signature>()

/** `text, number? -> text` as data. */
export function signatureOf(text: string): Signature {
  let signature = known.get(text)
  if (!signature) {
    signature = parse(text)
    known.set(text, signature)
  }
  return signature
}

function parse(text: string): Signature {
  const [left = '', right = ''] = text.split('->').map((part) => part.trim())
  const written = left === '' ? [] : left.split(',').map((part) => part.trim())
  const repeats = written.at(-1)?.endsWith('...') === true
  const optional = written.filter((part) => part.endsWith('?')).length
  return {
    params: written.map((part) => part.replace(/\?|\.\.\./, '') as ParamType),
    least: written.length - optional - (repeats ? 1 : 0),
    repeats,
    result: right as Signature['result'],
  }
}

/** The type of an argument by its place from 0. */
export function paramAt({ params, repeats }: Signature, place: number): ParamType | undefined {
  return params[place] ?? (repeats ? params.at(-1) : undefined)
}

export function takes({ params, least, repeats }: Signature, count: number): boolean {
  return count >= least && (repeats || count <= params.length)
}
