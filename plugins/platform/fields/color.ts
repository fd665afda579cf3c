import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { formedText } from './formed-text.ts'

/** A colour as `#rrggbb` in lower case; `#rgb` is taken too. */
export const color: FieldTypeHandler = () => colorCodec

const colorCodec = formedText((text) => {
  const digits = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/.exec(text.toLowerCase())?.[1]
  if (digits === undefined) return null
  return `#${digits.length === 3 ? digits.replace(/./g, '$&$&') : digits}`
}, 'Expected a colour such as #3366ff.')
