import type { JsonObject } from './leaf.ts'

/** What the definition of a field type says that the form of a field depends on. */
export interface FieldTypeInfo {
  readonly kind: string
  readonly storage: string
  readonly computed: string | null
  readonly api: string | null
  readonly params: JsonObject | null
}

const always = ['label', 'help', 'default', 'required', 'unique', 'readOnly', 'indexed', 'hidden']

/** The members of a field that its type has a use for, in the order of the form. */
export function fieldParts(type: FieldTypeInfo | null): readonly string[] {
  if (!type) return ['label', 'help', 'required', 'hidden']
  if (type.computed) {
    const own = type.computed === 'formula' ? ['formula', 'stored'] : [type.computed]
    return ['label', 'help', ...own, 'indexed', 'hidden', 'rules']
  }
  const isRelation = type.api === 'id' || type.api === 'ids'
  const parts = [...always]
  const own: string[] = []
  if (isRelation) own.push('to')
  if (type.api === 'id') own.push('onDelete')
  if (type.kind === 'option' || type.kind === 'options') own.push('options')
  if (type.kind === 'number' || type.kind === 'currency') own.push('min', 'max')
  if (type.kind === 'text' && type.storage === 'text') own.push('maxLength')
  if (type.params) own.push('params')
  const withoutDefault = isRelation ? parts.filter((one) => one !== 'default') : parts
  return [...withoutDefault.slice(0, 2), ...own, ...withoutDefault.slice(2), 'pii', 'keep', 'rules']
}

/** Members that are switches with an explanation beside them. */
export const ruleParts: ReadonlySet<string> = new Set([
  'required',
  'unique',
  'readOnly',
  'indexed',
  'hidden',
  'stored',
  'pii',
])
