import type { Expression } from './expression.ts'
import { type FormulaForm, findFunction } from './functions.ts'
import { paramAt, signatureOf, takes } from './signature.ts'

/** The form that the arguments were made to fit: they have exactly its types. */
export function formOf({ name, args, type }: Expression & { kind: 'call' }): FormulaForm {
  const table = [findFunction(name, false), findFunction(name, true)]
  for (const known of table) {
    const form = known?.forms.find(({ signature }) => {
      const wanted = signatureOf(signature)
      return (
        takes(wanted, args.length) &&
        (wanted.result === 'same' || wanted.result === type) &&
        args.every((arg, index) => {
          const param = paramAt(wanted, index)!
          if (param === 'same') return true
          return arg.type === (param === 'any' || param === 'unit' ? 'text' : param)
        })
      )
    })
    if (form) return form
  }
  throw new TypeError(`The formula calls ${name} in a way that was not checked.`)
}

/**
 * What besides the record a formula looks at: the moment it is, or the time zone of the organisation,
 * which turns moments into days and texts and the other way round.
 */
export function surroundingsOf(expression: Expression): 'now' | 'zone' | null {
  switch (expression.kind) {
    case 'as': {
      const { of, type } = expression
      const isZoned = type === 'date' || type === 'dateTime' || of.type === 'dateTime'
      return surroundingsOf(of) ?? (isZoned ? 'zone' : null)
    }
    case 'call': {
      const { sql, defaults = {} } = formOf(expression)
      const text = [sql, ...Object.values(defaults)].join(' ')
      if (/\$(now|today)/.test(text)) return 'now'
      const inner = expression.args.map(surroundingsOf).find((one) => one !== null)
      return inner ?? (text.includes('$zone') ? 'zone' : null)
    }
    default:
      return null
  }
}
