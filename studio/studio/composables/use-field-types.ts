import type { FieldInfo } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { fieldIcon, fieldKind } from '../../model/field-kinds.ts'
import type { FieldTypeInfo } from '../model/field-parts.ts'
import { isJsonObject, type JsonObject } from '../model/leaf.ts'
import { studioKey, useContributions, useDefinitionsApi } from './use-definitions.ts'

export interface FieldTypeChoice {
  readonly ref: string
  readonly key: string
  readonly label: string
  readonly icon: string
}
export type FieldTypes = ReturnType<typeof useFieldTypes>

/** The types that fields may have, the usual ones first. */
export function useFieldTypes() {
  const { contributions } = useContributions(() => 'fieldTypes')
  const list = computed<readonly FieldTypeChoice[]>(() =>
    contributions.value
      .map(({ ref, key, label }) => ({ ref, key, label, icon: iconOf(key) }))
      .toSorted((a, b) => rank(a.key) - rank(b.key) || a.label.localeCompare(b.label)),
  )
  /** A bare key means the first plugin that brings it. */
  const find = (type: string): FieldTypeChoice | null =>
    list.value.find((one) => one.ref === type) ?? list.value.find((one) => one.key === type) ?? null
  return { list, find }
}

const usual = [
  'text',
  'longText',
  'number',
  'currency',
  'date',
  'dateTime',
  'select',
  'multiSelect',
  'relation',
  'boolean',
  'email',
  'phone',
  'url',
  'user',
  'formula',
  'rollup',
]
const rank = (key: string): number => {
  const at = usual.indexOf(key)
  return at < 0 ? usual.length : at
}
/** What is worked out looks like how, not like what comes out. */
const ownIcons: Readonly<Record<string, string>> = {
  formula: 'calculator',
  rollup: 'sigma',
  lookup: 'search',
}
const iconOf = (key: string): string =>
  ownIcons[key] ??
  fieldIcon(
    fieldKind({ type: key, editor: key, kind: 'text', display: key, apiName: key } as FieldInfo),
  )

/** What forms need to know of one type. */
export function useFieldType(type: () => FieldTypeChoice | null) {
  const api = useDefinitionsApi()
  const query = useQuery({
    queryKey: computed(() => [...studioKey, 'contribution', 'fieldTypes', type()?.ref ?? '']),
    queryFn: () => api.contribution('fieldTypes', type()?.ref ?? ''),
    enabled: computed(() => type() !== null),
    staleTime: 60_000,
  })
  return computed(() => (query.data.value ? typeInfo(query.data.value.definition) : null))
}

export function typeInfo(definition: JsonObject): FieldTypeInfo {
  const text = (name: string): string | null => {
    const value = definition[name]
    return typeof value === 'string' ? value : null
  }
  const params = definition['params']
  return {
    kind: text('kind') ?? text('editor') ?? 'text',
    storage: text('storage') ?? 'text',
    computed: text('computed'),
    api: text('api'),
    params: isJsonObject(params) ? params : null,
  }
}
