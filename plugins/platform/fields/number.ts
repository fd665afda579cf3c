import type { FieldCodec, FieldTypeHandler } from '@runwaycrm/sdk'
import { refused, stored } from './parsed.ts'

/** A number with or without decimals; percent is one too, `12.5` means 12.5 %. */
export const number: FieldTypeHandler = () => numberCodec

/** A whole number below 2^53, on either side of zero. */
export const integer: FieldTypeHandler = () => integerCodec

/** Whole stars from 0 to `max`, 5 when nothing is said. */
export const rating: FieldTypeHandler = ({ params }) => {
  const max = typeof params['max'] === 'number' ? params['max'] : 5
  return {
    ...integerCodec,
    parse(input, org) {
      const parsed = integerCodec.parse(input, org)
      const isInside = typeof input === 'number' && input >= 0 && input <= max
      return parsed.ok && !isInside ? refused('OUT_OF_RANGE', `From 0 to ${max}.`) : parsed
    },
    parseFilter: integerCodec.parse,
  }
}

/** A number between `min` and `max` in equal steps: 0 to 100 by one when nothing is said. */
export const slider: FieldTypeHandler = ({ params }) => {
  const { min = 0, max = 100, step = 1 } = params as { min?: number; max?: number; step?: number }
  return {
    ...numberCodec,
    parse(input, org) {
      const parsed = numberCodec.parse(input, org)
      if (!parsed.ok) return parsed
      const value = input as number
      if (value < min || value > max) return refused('OUT_OF_RANGE', `From ${min} to ${max}.`)
      const steps = (value - min) / step
      return Math.abs(steps - Math.round(steps)) < 1e-9
        ? parsed
        : refused('OUT_OF_RANGE', `In steps of ${step} from ${min}.`)
    },
    parseFilter: numberCodec.parse,
  }
}

const numberCodec: FieldCodec = {
  plain: true,
  parse(input) {
    if (typeof input !== 'number') return refused('WRONG_TYPE', 'Expected a number.')
    if (!Number.isFinite(input)) return refused('OUT_OF_RANGE', 'The number is too large.')
    return stored(withoutSignedZero(input))
  },
  format: ({ main }) => main,
}

const integerCodec: FieldCodec = {
  plain: true,
  parse(input) {
    if (typeof input !== 'number') return refused('WRONG_TYPE', 'Expected a whole number.')
    if (!Number.isFinite(input)) return refused('OUT_OF_RANGE', 'The number is too large.')
    if (!Number.isInteger(input)) return refused('WRONG_TYPE', 'Expected a whole number.')
    if (!Number.isSafeInteger(input)) return refused('OUT_OF_RANGE', 'Below 2^53.')
    return stored(withoutSignedZero(input))
  },
  format: ({ main }) => main,
}

/** Minus zero equals zero and would come back as zero: it is kept as zero. */
function withoutSignedZero(input: number): number {
  return input === 0 ? 0 : input
}
