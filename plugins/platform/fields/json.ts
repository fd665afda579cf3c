import { type FieldTypeHandler, isKeepableText } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

const maxDepth = 32
const maxLength = 100_000

/** Any JSON, replaced whole. Conditions can only ask whether there is one. */
export const json: FieldTypeHandler = () => ({
  plain: true,
  parse(input) {
    const problem = findProblem(input, 1)
    if (problem) return problem
    return JSON.stringify(input).length > maxLength
      ? refused('TOO_LONG', `At most ${maxLength.toLocaleString('en')} characters of JSON.`)
      : stored(input)
  },
  format: ({ main }) => main,
  text: ({ main }) => JSON.stringify(main),
})

function findProblem(value: unknown, depth: number): ReturnType<typeof refused> | null {
  if (depth > maxDepth) return refused('OUT_OF_RANGE', `At most ${maxDepth} levels.`)
  switch (typeof value) {
    case 'string':
      return isKeepableText(value)
        ? null
        : refused('BAD_FORMAT', 'A text has characters that cannot be kept.')
    case 'number':
      return Number.isFinite(value) ? null : refused('OUT_OF_RANGE', 'A number is too large.')
    case 'boolean':
      return null
    case 'object': {
      if (value === null) return null
      for (const [key, item] of Object.entries(value)) {
        const problem = findProblem(key, depth + 1) ?? findProblem(item, depth + 1)
        if (problem) return problem
      }
      return null
    }
    default:
      return refused('WRONG_TYPE', 'Expected JSON.')
  }
}
