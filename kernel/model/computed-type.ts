import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import type { ValueType } from './formula/expression.ts'
import { choosing, comparing } from './operator-lists.ts'

type Result = Pick<FieldTypeDefinition, 'storage' | 'kind' | 'value' | 'operators' | 'display'> &
  Partial<FieldTypeDefinition>

const measured = ['sum', 'avg', 'min', 'max'] as const
const shared = { sortable: true, groupable: true } as const

const results: Readonly<Record<Exclude<ValueType, 'list'> | 'integer', Result>> = {
  text: {
    storage: 'text',
    kind: 'text',
    value: { type: 'string', maxLength: 10_000 },
    operators: [...comparing, '$contains', '$startsWith'],
    collation: 'ci',
    display: 'text',
  },
  number: {
    storage: 'float8',
    kind: 'number',
    value: { type: 'number' },
    operators: comparing,
    measures: measured,
    display: 'number',
  },
  integer: {
    storage: 'bigint',
    kind: 'number',
    value: { type: 'integer' },
    operators: comparing,
    measures: measured,
    display: 'number',
  },
  boolean: {
    storage: 'boolean',
    kind: 'boolean',
    value: { type: 'boolean' },
    operators: choosing,
    display: 'boolean',
  },
  date: {
    storage: 'date',
    kind: 'date',
    value: { type: 'string', format: 'date' },
    operators: comparing,
    measures: ['min', 'max'],
    display: 'date',
  },
  dateTime: {
    storage: 'timestamptz',
    kind: 'dateTime',
    value: { type: 'string', format: 'date-time' },
    operators: comparing,
    measures: ['min', 'max'],
    display: 'dateTime',
  },
}

/**
 * What the values of a computed field are like, from what it results in: the rest of the kernel then
 * filters, sorts, groups and documents it like any other field.
 *
 * @param own the field type that the definition names.
 * @param format how a number is shown, e.g. `percent`.
 */
export function resultType(
  own: FieldTypeDefinition,
  result: keyof typeof results,
  format?: unknown,
): FieldTypeDefinition {
  const type = results[result]
  const isNumber = type.kind === 'number'
  const display = isNumber && isFormat(format) ? format : type.display
  return Object.freeze({ ...shared, ...type, ...ownParts(own), display })
}

/** The same for a value that is taken over from another field. */
export function takenOverType(
  own: FieldTypeDefinition,
  from: FieldTypeDefinition,
): FieldTypeDefinition {
  const { api: _api, generated: _generated, ...type } = from
  return Object.freeze({ ...type, ...ownParts(own) })
}

const formats = ['number', 'currency', 'percent'] as const

function isFormat(format: unknown): format is (typeof formats)[number] {
  return formats.includes(format as never)
}

/** How it is called and made stays the computed type's own. */
function ownParts({ label, description, params, editor, handler }: FieldTypeDefinition) {
  return {
    label,
    ...(description === undefined ? {} : { description }),
    ...(params === undefined ? {} : { params }),
    editor,
    handler,
  }
}
