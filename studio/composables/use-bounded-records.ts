import type { EntityInfo, Filter } from '@runwaycrm/sdk'
import { computed, watch } from 'vue'
import { useRecordList } from './use-record-list.ts'

const perPage = 200

/** The records of a picture, loaded without scrolling up to a bound; `more` tells that there are others. */
export function useBoundedRecords(
  entity: () => EntityInfo,
  query: () => { readonly filter: Filter; readonly sort: string },
  most: number,
) {
  const list = useRecordList(entity, () => ({ ...query(), expand: [], limit: perPage }))
  /** A page that failed is not asked for again and again; what is there is then the first of more. */
  const isFilling = computed(
    () => list.hasMore.value && list.records.value.length < most && !list.error.value,
  )
  watch(
    [list.records, isFilling, list.isLoading],
    () => {
      if (isFilling.value && !list.isLoading.value) list.loadMore()
    },
    { immediate: true },
  )
  return {
    ...list,
    /** Whether pages are still coming that belong to the picture. */
    isFilling,
    isCut: computed(() => list.hasMore.value && !isFilling.value),
  }
}
