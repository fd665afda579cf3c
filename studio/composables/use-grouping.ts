import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { computed } from 'vue'
import { parseSort, sortText } from '../filters/sort-text.ts'
import { groupSort } from '../model/table-lines.ts'
import type { ListState } from './use-list-state.ts'
import { useModel } from './use-model.ts'

const mostSorts = 3

/** The field that a table's view groups by, and the order in which groups stand together. */
export function useGrouping(entity: () => EntityInfo, state: ListState) {
  const model = useModel()
  const sortOf = (field: FieldInfo) => groupSort(field, (ref) => model.value.entity(ref))

  const group = computed<FieldInfo | null>(() => {
    const { kind, groupBy } = state.view.value
    const field = kind === 'table' && groupBy ? model.value.fields(entity()).get(groupBy) : null
    return field && sortOf(field) ? field : null
  })
  const sort = computed(() => {
    const first = group.value ? sortOf(group.value) : null
    if (!first) return state.sort.value
    const rest = parseSort(state.sort.value).filter(
      (part) => part.field !== first && part.field !== group.value?.apiName,
    )
    return sortText([{ field: first, descending: false }, ...rest].slice(0, mostSorts))
  })
  return { group, sort }
}
