import type { RecordData } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { type ComputedRef, computed, type InjectionKey, inject, provide } from 'vue'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

export interface People {
  readonly list: ComputedRef<readonly RecordData[]>
  /** The record of one person, for colour and address. */
  find(id: string): RecordData | undefined
}

const key: InjectionKey<People> = Symbol('people')

/** Everybody in the organisation whom this person may see; small enough to keep whole. */
export function usePeople(): People {
  const people = inject(key)
  if (!people) throw new Error('People are known inside the shell only.')
  return people
}

/** Asks once for the whole app: a cell must not observe a query of its own. */
export function providePeople(): void {
  const { api, titles } = useServices()
  const model = useModel()
  const query = useQuery({
    queryKey: ['records', 'users', 'people'],
    enabled: computed(() => model.value.people !== null),
    staleTime: 60_000,
    queryFn: async () => {
      const people = model.value.people
      if (!people) return []
      const page = await api.records.list(people.plural, { limit: 200, sort: people.titleField })
      titles.note(people, page.data)
      return page.data
    },
  })
  const list = computed<readonly RecordData[]>(() => query.data.value ?? [])
  const byId = computed(() => new Map(list.value.map((person) => [person.id, person])))
  provide(key, { list, find: (id) => byId.value.get(id) })
}
