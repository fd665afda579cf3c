import type { EntityInfo, FieldInfo } from './context.ts'

type Options = NonNullable<FieldInfo['options']>

/** What may be chosen in a field; nothing where the entity or the field is not there. */
export function optionsOf(entity: EntityInfo | null, apiName: string): Options {
  return entity?.fields.find((field) => field.apiName === apiName)?.options ?? []
}

/** What a choice is called; its key where it is none of them. */
export function optionLabel(options: Options | undefined, key: string): string {
  return options?.find((option) => option.key === key)?.label ?? key
}
