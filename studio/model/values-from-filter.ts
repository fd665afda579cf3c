import type { FieldInfo, Filter } from '@runwaycrm/sdk'
import { parseFilter } from '../filters/filter-json.ts'

/** A record added inside a filtered list begins with what the filter demands, so that it stays there. */
export function valuesFromFilter(
  filter: Filter,
  fields: ReadonlyMap<string, FieldInfo>,
  me: string,
): Readonly<Record<string, unknown>> {
  const values: Record<string, unknown> = {}
  for (const chip of parseFilter(filter).chips) {
    const field = fields.get(chip.field)
    if (!field?.can.create || field.readOnly) continue
    const only =
      chip.operator === 'is'
        ? chip.value
        : chip.operator === 'anyOf' && Array.isArray(chip.value) && chip.value.length === 1
          ? chip.value[0]
          : undefined
    if (only === undefined || only === null) continue
    if (typeof only === 'string' && only.startsWith('@') && only !== '@me') continue
    values[chip.field] = only === '@me' ? me : only
  }
  return values
}
