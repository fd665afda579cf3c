import { type Expression, FormulaError, type FormulaProblem, type ValueType } from './expression.ts'
import { type FormulaForm, findFunction, formulaFunctions } from './functions.ts'
import { clip, type Node, parseFormula } from './parse.ts'
import { paramAt, type Signature, signatureOf, takes } from './signature.ts'

/** What a name in a formula is. @throws FormulaError at `at` when it is nothing that can be used. */
export type FindField = (name: string, at: number) => Expression

export type CheckedFormula =
  | { readonly expression: Expression; readonly problems: readonly [] }
  | { readonly expression: null; readonly problems: readonly FormulaProblem[] }

type Type = ValueType | 'null'

/** Reads a formula and checks its names and types. Throws never. */
export function readFormula(source: string, findField: FindField): CheckedFormula {
  const problems: FormulaProblem[] = []
  try {
    if (source.trim() === '') {
      throw new FormulaError(0, 'The formula is empty.', 'Write for example: price / area')
    }
    const expression = check(parseFormula(source))
    if (problems.length > 0) return { expression: null, problems }
    return { expression, problems: [] }
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error
    return { expression: null, problems: [...problems, error] }
  }

  function check(node: Node): Expression {
    if (node.kind === 'path') {
      try {
        return findField(node.name, node.at)
      } catch (error) {
        if (!(error instanceof FormulaError)) throw error
        // Goes on, so that all names that are wrong are told at once.
        problems.push(error)
        return blank
      }
    }
    if (node.kind === 'literal') {
      const { value } = node
      return { kind: 'literal', type: value === null ? 'null' : typeOfLiteral(value), value }
    }
    return checkCall(node)
  }

  function checkCall(node: Node & { kind: 'call' }): Expression {
    const known = findFunction(node.name, node.isSign)
    if (!known) {
      const message = `There is no function "${clip(node.name)}".`
      throw new FormulaError(node.at, message, nearest(node.name))
    }
    const args = node.args.map(check)
    if (problems.length > 0) return blank
    if (node.name === 'switch' && !node.isSign) return checkSwitch(node, args)
    const form = chooseForm(node, known.forms, args)
    const signature = signatureOf(form.signature)
    const same = commonType(args.filter((_, index) => paramAt(signature, index) === 'same'))
    const fitted = args.map((arg, index) => {
      const wanted = paramAt(signature, index)!
      const at = node.args[index]!.at
      if (wanted === 'unit') return unit(node.args[index]!, known.units ?? '')
      if (wanted === 'same') return convert(arg, same ?? 'text', at)
      return wanted === 'any' ? asText(arg) : convert(arg, wanted, at)
    })
    const type = signature.result === 'same' ? (same ?? 'text') : signature.result
    return { kind: 'call', type, name: node.name, args: fitted }
  }

  function chooseForm(
    node: Node & { kind: 'call' },
    forms: readonly FormulaForm[],
    args: readonly Expression[],
  ): FormulaForm {
    const counted = forms.filter(({ signature }) => takes(signatureOf(signature), args.length))
    if (counted.length === 0) {
      const hint = `Write ${node.name}(${forms.map(({ signature }) => inputOf(signature)).join(') or (')}).`
      const message = `${node.name} does not take ${args.length} ${args.length === 1 ? 'value' : 'values'}.`
      throw new FormulaError(node.at, message, hint)
    }
    const exact = counted.find(({ signature }) => fits(signatureOf(signature), args, isExactly))
    const loose =
      exact ?? counted.find(({ signature }) => fits(signatureOf(signature), args, canBe))
    if (loose) return loose
    throw mismatch(node, counted, args)
  }

  /** `switch(value, when, then, ..., otherwise)`. */
  function checkSwitch(node: Node & { kind: 'call' }, args: readonly Expression[]): Expression {
    if (args.length < 3) {
      const hint = 'Write switch(status, "new", 1, "won", 2, 0).'
      throw new FormulaError(node.at, 'switch takes at least 3 values.', hint)
    }
    const isCase = (index: number) => index % 2 === 1 && index < args.length - 1
    const isResult = (index: number) => index > 0 && !isCase(index)
    const cases = args.filter((_, index) => index === 0 || isCase(index))
    const results = args.filter((_, index) => isResult(index))
    const compared = commonType(cases)
    const type = commonType(results)
    if (compared === null || type === null || compared === 'list' || type === 'list') {
      const hint = 'The values to compare have one type, and so have the results.'
      throw new FormulaError(node.at, 'The values of switch are of different types.', hint)
    }
    const fitted = args.map((arg, index) =>
      convert(arg, isResult(index) ? type : compared, node.args[index]!.at),
    )
    return { kind: 'call', type, name: 'switch', args: fitted }
  }
}

const blank: Expression = { kind: 'literal', type: 'null', value: null }

function typeOfLiteral(value: string | number | boolean): ValueType {
  return typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'boolean'
}

function isExactly(type: Type, wanted: Type): boolean {
  return type === wanted || type === 'null'
}

function canBe(type: Type, wanted: Type): boolean {
  if (isExactly(type, wanted)) return true
  return (type === 'date' && wanted === 'dateTime') || (type === 'dateTime' && wanted === 'date')
}

function fits(
  signature: Signature,
  args: readonly Expression[],
  test: (type: Type, wanted: Type) => boolean,
): boolean {
  const same = args.filter((_, index) => paramAt(signature, index) === 'same')
  const common = commonType(same)
  if (same.length > 0 && (common === null || common === 'list')) return false
  return args.every((arg, index) => {
    const wanted = paramAt(signature, index)!
    if (wanted === 'any' || wanted === 'same') return true
    return wanted === 'unit' ? true : test(arg.type, wanted)
  })
}

/** The type that all can be; null when there is none. All blank are texts. */
function commonType(args: readonly Expression[]): ValueType | null {
  const types = new Set(args.map(({ type }) => type).filter((type) => type !== 'null'))
  if (types.size === 0) return 'text'
  if (types.size === 1) return [...types][0]!
  return [...types].every((type) => type === 'date' || type === 'dateTime') ? 'dateTime' : null
}

function convert(arg: Expression, type: ValueType, at: number): Expression {
  if (arg.type === type) return arg
  if (arg.type === 'null') return { kind: 'literal', type, value: null }
  if (canBe(arg.type, type)) return { kind: 'as', type, of: arg }
  throw new FormulaError(at, `Expected ${nameOf(type)}, not ${nameOf(arg.type)}.`, toType(type))
}

function asText(arg: Expression): Expression {
  if (arg.type === 'text') return arg
  if (arg.type === 'null') return { kind: 'literal', type: 'text', value: null }
  return { kind: 'as', type: 'text', of: arg }
}

function unit(node: Node, units: string): Expression {
  const value = node.kind === 'literal' ? node.value : null
  if (typeof value === 'string' && value.length === 1 && units.includes(value)) {
    return { kind: 'literal', type: 'text', value }
  }
  const letters = [...units].map((letter) => `"${letter}" (${unitNames[letter]})`).join(', ')
  throw new FormulaError(node.at, 'Expected a unit.', `Use one of ${letters}.`)
}

const unitNames: Readonly<Record<string, string>> = {
  h: 'hours',
  d: 'days',
  w: 'weeks',
  m: 'months',
  q: 'quarter',
  y: 'years',
}

function mismatch(
  node: Node & { kind: 'call' },
  forms: readonly FormulaForm[],
  args: readonly Expression[],
): FormulaError {
  const signatures = forms.map(({ signature }) => signatureOf(signature))
  // The first argument that no form takes is what is wrong; else they do not go together.
  const index = args.findIndex((arg, place) =>
    signatures.every((signature) => {
      const wanted = paramAt(signature, place)!
      return ['any', 'same', 'unit'].includes(wanted)
        ? false
        : !canBe(arg.type, wanted as ValueType)
    }),
  )
  if (index < 0) {
    const types = [...new Set(args.map(({ type }) => nameOf(type)))].join(' and ')
    const hint = 'Make them one type with text(...), number(...) or date(...).'
    return new FormulaError(node.at, `${shown(node)} does not take ${types} together.`, hint)
  }
  const wanted = [...new Set(signatures.map((signature) => paramAt(signature, index)!))]
  const expected = wanted.map((type) => nameOf(type as ValueType)).join(' or ')
  const found = nameOf(args[index]!.type)
  const at = node.args[index]!.at
  return new FormulaError(at, `Expected ${expected}, not ${found}.`, toType(wanted[0] as ValueType))
}

const shown = (node: Node & { kind: 'call' }) => (node.isSign ? `"${node.name}"` : node.name)

const names: Readonly<Record<Type, string>> = {
  text: 'a text',
  number: 'a number',
  boolean: 'true or false',
  date: 'a day',
  dateTime: 'a moment',
  list: 'a choice of several',
  null: 'a blank',
}
const nameOf = (type: Type) => names[type] ?? type

function toType(type: ValueType): string {
  if (type === 'number') return 'Make it a number with number(...).'
  if (type === 'text') return 'Make it a text with text(...).'
  if (type === 'date' || type === 'dateTime') return 'Make it a day with date(...).'
  if (type === 'boolean') return 'Compare it with something, e.g. status = "won".'
  return 'Use a field of several choices.'
}

function inputOf(signature: string): string {
  return signature.slice(0, signature.indexOf('->')).trim()
}

function nearest(name: string): string {
  const all = Object.keys(formulaFunctions)
  const close = all.filter(
    (one) => one.startsWith(name.slice(0, 2).toLowerCase()) || one.includes(name.toLowerCase()),
  )
  const shownNames = (close.length > 0 ? close : all).slice(0, 8)
  return `Known functions: ${shownNames.join(', ')}${close.length > 0 ? '' : ', ...'}.`
}
