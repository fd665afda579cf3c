import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { type ComputedRef, computed, shallowRef, watch } from 'vue'
import { expandSchema, type FindSchema } from '../model/expand-schema.ts'
import type { Schema } from '../model/schema.ts'
import type { Contribution } from './use-contribution.ts'
import { studioKey, useDefinitionsApi } from './use-definitions.ts'

export interface LinkedSchema {
  /** The schema of the point as it is for this definition, with what others bring for its parts. */
  readonly schema: ComputedRef<Schema>
  /** A schema that a contribution brings; null until it is there. */
  readonly findSchema: FindSchema
  /** Asks for schemas before something refers to them. */
  askSchemas(point: string, refs: readonly string[], property: string): void
}

const nothing: Schema = {}

export function useLinkedSchema({ definition, detail, point }: Contribution): LinkedSchema {
  const api = useDefinitionsApi()
  const known = shallowRef<ReadonlyMap<string, Schema>>(new Map())
  const asked = shallowRef<readonly string[]>([])
  const nameOf = (where: string, ref: string, property: string): string => {
    const full = ref.includes(':') ? ref : `${detail.value?.plugin}:${ref}`
    return [where, full, property].join('/')
  }
  const findSchema: FindSchema = (...which) => known.value.get(nameOf(...which)) ?? null
  const read = computed(() => {
    const wanted = new Set(asked.value)
    const find: FindSchema = (...which) => {
      wanted.add(nameOf(...which))
      return findSchema(...which)
    }
    const info = point.value
    const schema = info && expandSchema(info.schema, definition.value, info.references, find)
    return { schema: schema ?? nothing, wanted: [...wanted].toSorted() }
  })
  const wanted = computed(() => read.value.wanted.join(','))
  const query = useQuery({
    queryKey: computed(() => [...studioKey, 'schemas', wanted.value]),
    queryFn: () => api.schemas(read.value.wanted),
    enabled: computed(() => wanted.value !== ''),
    placeholderData: keepPreviousData,
  })
  watch(query.data, (found) => {
    if (found)
      known.value = new Map([...known.value, ...found.map((one) => [one.of, one.schema] as const)])
  })
  return {
    schema: computed(() => read.value.schema),
    findSchema,
    askSchemas(where, refs, property) {
      asked.value = [
        ...new Set([...asked.value, ...refs.map((ref) => nameOf(where, ref, property))]),
      ]
    },
  }
}
