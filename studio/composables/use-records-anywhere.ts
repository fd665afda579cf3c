import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { useModel } from './use-model.ts'
import type { PickerChoice } from './use-picker-choices.ts'
import { useServices } from './use-services.ts'

/**
 * Records of any entity that have the words in them: for fields that point to whatever there is.
 *
 * @param among plurals of the entities that alone are asked for; null for all.
 */
export function useRecordsAnywhere(
  words: Ref<string>,
  isAsked: () => boolean,
  among: () => readonly string[] | null,
) {
  const { api, titles } = useServices()
  const model = useModel()
  const query = useQuery({
    queryKey: computed(() => ['records', 'anywhere', words.value, among()]),
    enabled: computed(() => isAsked() && words.value.length > 1),
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }): Promise<readonly PickerChoice[]> => {
      const { data } = await api.search.find(words.value, signal, among() ?? undefined)
      return data.map(({ entity: plural, id, title }): PickerChoice => {
        const entity = model.value.entity(plural)
        if (entity) titles.note(entity, [{ id, version: 0, [entity.titleField]: title }])
        return {
          key: id,
          value: { entity: plural, id },
          label: title || id,
          hint: entity?.label ?? '',
          look: 'record',
        }
      })
    },
  })
  const choices = computed((): readonly PickerChoice[] =>
    words.value.length > 1 ? (query.data.value ?? []) : [],
  )
  return { choices, isLoading: query.isFetching }
}
