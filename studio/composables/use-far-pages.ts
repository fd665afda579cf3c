import type { EntityInfo, RecordData, RecordPage } from '@runwaycrm/sdk'
import { useQueries } from '@tanstack/vue-query'
import { computed, nextTick, shallowRef, watch } from 'vue'
import type { Pages } from './use-record-cache.ts'

/** A page in the middle of a list. */
export interface FarPage {
  /** Place of its first record in the list. */
  readonly offset: number
  readonly records: readonly RecordData[]
}

/** So many stay, those that were asked for last. */
const mostPages = 60

/**
 * Pages far behind what was scrolled through, for whoever jumps there. Those that were jumped over before they
 * came are not waited for.
 *
 * @param query the question that the list asks; another one lets go of all pages.
 */
export function useFarPages(deps: {
  entity: () => EntityInfo
  query: () => object
  perPage: number
  load: (offset: number, signal?: AbortSignal) => Promise<RecordPage>
}) {
  const { entity, query, perPage } = deps
  /** Where pages begin, those asked for last at the end. They may overlap. */
  const wanted = shallowRef<readonly number[]>([])
  watch(
    () => JSON.stringify([entity().ref, query()]),
    () => {
      wanted.value = []
    },
    { flush: 'sync' },
  )
  const results = useQueries({
    queries: computed(() =>
      wanted.value.map((at) => ({
        queryKey: ['records', entity().plural, 'list', { ...query(), at }] as const,
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Pages> => ({
          pages: [await deps.load(at, signal)],
          pageParams: [null],
        }),
      })),
    ),
  })
  const pages = computed<readonly FarPage[]>(() =>
    results.value.flatMap(({ data }, index) => {
      const at = wanted.value[index]
      return data && at !== undefined
        ? [{ offset: at, records: data.pages.flatMap((page) => page.data) }]
        : []
    }),
  )

  return {
    pages,
    /** Until nothing that was asked for is on its way any more. */
    async settled(): Promise<void> {
      await nextTick()
      const isIdle = () => results.value.every(({ isFetching }) => !isFetching)
      if (isIdle()) return
      await new Promise<void>((resolve) => {
        const stop = watch(isIdle, (idle) => {
          if (!idle) return
          stop()
          resolve()
        })
      })
    },
    /** Asks for what is missing of the records from `first` to `last`: one question, where a page has them all. */
    want(first: number, last: number): void {
      const had = wanted.value
      const needed: number[] = []
      for (let place = first; place <= last; ) {
        const known = had.filter((at) => at <= place && place < at + perPage)
        const spare = Math.max(0, perPage - (last - place + 1))
        const at = known.length > 0 ? Math.max(...known) : Math.max(0, place - (spare >> 1))
        needed.push(at)
        place = at + perPage
      }
      if (needed.every((at) => had.includes(at))) return
      const kept = had.filter((at, index) => !needed.includes(at) && results.value[index]?.data)
      wanted.value = [...kept, ...needed].slice(-Math.max(mostPages, needed.length))
    },
  }
}
