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
const mostPages = 30

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
  /** Numbers of pages, those asked for last at the end. */
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
          pages: [await deps.load(at * perPage, signal)],
          pageParams: [null],
        }),
      })),
    ),
  })
  const pages = computed<readonly FarPage[]>(() =>
    results.value.flatMap(({ data }, index) => {
      const at = wanted.value[index]
      return data && at !== undefined
        ? [{ offset: at * perPage, records: data.pages.flatMap((page) => page.data) }]
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
    /** Asks for the pages that have the records from `first` to `last`. */
    want(first: number, last: number): void {
      const needed: number[] = []
      for (let at = Math.floor(first / perPage); at <= Math.floor(last / perPage); at++)
        needed.push(at)
      const had = wanted.value
      if (needed.every((at) => had.includes(at))) return
      const kept = had.filter((at, index) => !needed.includes(at) && results.value[index]?.data)
      wanted.value = [...kept, ...needed].slice(-Math.max(mostPages, needed.length))
    },
  }
}
