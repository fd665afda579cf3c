import { isJsonObject, type Json } from './leaf.ts'
import { memberSchema, type Schema, schemaBelow, variantOf } from './schema.ts'

/** A definition with its members as the schema lists them: the store gives them in an order of its own. */
export function inSchemaOrder(value: Json, schema: Schema): Json {
  if (Array.isArray(value))
    return schema.items ? value.map((one) => inSchemaOrder(one, schema.items as Schema)) : value
  if (!isJsonObject(value)) return value
  const shape = variantOf(schema, value) ?? schema
  const names = Object.keys(shape.properties ?? {})
  const place = (name: string): number => {
    const at = names.indexOf(name)
    return at < 0 ? names.length : at
  }
  const isMap = memberSchema(shape) !== null
  const keys = Object.keys(value)
  const sorted = isMap
    ? keys.toSorted((a, b) => orderOf(value[a]) - orderOf(value[b]))
    : keys.toSorted((a, b) => place(a) - place(b))
  return Object.fromEntries(
    sorted.map((key) => {
      const below = schemaBelow(shape, key)
      const one = value[key] as Json
      return [key, below ? inSchemaOrder(one, below) : one]
    }),
  )
}

/** Members of maps that say their own place stand in it. */
function orderOf(value: Json | undefined): number {
  const order = isJsonObject(value) ? value['order'] : undefined
  return typeof order === 'number' ? order : Number.MAX_SAFE_INTEGER
}
