import type { FieldDefinition } from '@runwaycrm/sdk'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { schemaCheck } from '../manifest/schema-check.ts'
import type { Field } from './model.ts'
import { canBeUnique } from './unique-storage.ts'

/** What a definition says that its type cannot keep. The field stands all the same. */
export function checkField(field: Field, at: string): Problem[] {
  const { definition, typeDefinition } = field
  return [
    ...checkParams(definition, typeDefinition, at),
    ...checkRange(definition, at),
    ...checkOptions(definition, typeDefinition.kind, at),
    ...checkDefault(definition, typeDefinition.kind, at),
    ...checkUnique(field, at),
    ...checkComputation(field, at),
    ...checkKept(field, at),
  ]
}

function checkParams(
  { params }: FieldDefinition,
  type: { readonly params?: object },
  at: string,
): Problem[] {
  if (params === undefined) return []
  if (type.params) return schemaCheck(type.params)(params, placeOf(at, 'params'))
  return Object.keys(params).map((name) => ({
    at: placeOf(at, 'params', name),
    code: 'UNKNOWN_FIELD',
    message: 'This type has no parameters.',
    hint: 'Remove it.',
  }))
}

function checkRange({ min, max }: FieldDefinition, at: string): Problem[] {
  if (min === undefined || max === undefined || min <= max) return []
  return [
    {
      at: placeOf(at, 'min'),
      code: 'OUT_OF_RANGE',
      message: `The least value ${min} is above the greatest, ${max}.`,
      hint: 'Swap or correct them.',
    },
  ]
}

function checkOptions(
  { options }: FieldDefinition,
  kind: string | undefined,
  at: string,
): Problem[] {
  const place = placeOf(at, 'options')
  if (kind === 'option' && Object.keys(options ?? {}).length === 0) {
    return [
      {
        at: place,
        code: 'REQUIRED',
        message: 'There is nothing to choose from.',
        hint: 'Add options.',
      },
    ]
  }
  if (options !== undefined && kind !== undefined && !kind.startsWith('option')) {
    return [
      {
        at: place,
        code: 'UNKNOWN_FIELD',
        message: 'A field of this type has no options.',
        hint: 'Remove them, or choose a type with options.',
      },
    ]
  }
  return []
}

const scalarOf: Readonly<Record<string, string>> = {
  text: 'string',
  number: 'number',
  boolean: 'boolean',
}

function checkDefault(
  definition: FieldDefinition,
  kind: string | undefined,
  at: string,
): Problem[] {
  const value = definition.default
  if (value === undefined || value === null || kind === undefined) return []
  const place = placeOf(at, 'default')
  const scalar = scalarOf[kind]
  if (scalar !== undefined && typeof value !== scalar) {
    return [
      {
        at: place,
        code: 'WRONG_TYPE',
        message: `The default must be a ${scalar}.`,
        hint: 'Correct or remove it.',
      },
    ]
  }
  if (definition.options === undefined || !kind.startsWith('option')) return []
  const unknown = [value]
    .flat()
    .filter((key) => !Object.hasOwn(definition.options ?? {}, String(key)))
  return unknown.map((key) => ({
    at: place,
    code: 'UNKNOWN_OPTION',
    message: `The default "${key}" is not one of the options.`,
    hint: `Use one of ${Object.keys(definition.options ?? {}).join(', ')}.`,
  }))
}

/** What a field of another type would never look at. */
function checkComputation({ definition, typeDefinition, storage }: Field, at: string): Problem[] {
  const kind = storage.in === 'computed' ? (typeDefinition.computed ?? 'template') : null
  const names = (['formula', 'lookup', 'rollup'] as const).filter(
    (name) => definition[name] !== undefined && name !== kind,
  )
  return names.map((name) => ({
    at: placeOf(at, name),
    code: 'UNKNOWN_FIELD' as const,
    message: `A field of this type has no ${name}.`,
    hint: `Remove it, or make the type "${name}".`,
  }))
}

/** What is stored in the record has to be a formula; what is indexed has to be stored. */
function checkKept({ definition, storage }: Field, at: string): Problem[] {
  const isComputed = storage.in === 'computed'
  const isFormula = isComputed && definition.formula !== undefined
  const problems: Problem[] = []
  if (definition.stored === true && !isFormula) {
    problems.push({
      at: placeOf(at, 'stored'),
      code: 'OUT_OF_RANGE',
      message: 'Only a formula can be stored with the record.',
      hint: 'Remove "stored".',
    })
  }
  if (definition.indexed === true && isComputed && definition.stored !== true) {
    problems.push({
      at: placeOf(at, 'indexed'),
      code: 'OUT_OF_RANGE',
      message: 'What is worked out when it is read cannot be indexed.',
      hint: isFormula ? 'Make it "stored" as well.' : 'Remove "indexed".',
    })
  }
  return problems
}

function checkUnique({ definition, typeDefinition, storage, from }: Field, at: string): Problem[] {
  if (definition.unique !== true || canBeUnique(storage, typeDefinition, from)) return []
  return [
    {
      at: placeOf(at, 'unique'),
      code: 'OUT_OF_RANGE',
      message: 'A field of this type or from this layer cannot be unique.',
      hint: 'Remove "unique"; texts, numbers, days and moments can have it.',
    },
  ]
}
