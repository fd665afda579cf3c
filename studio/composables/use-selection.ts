import type { RecordData } from '@runwaycrm/sdk'
import { computed, ref, shallowRef } from 'vue'
import { holesIn } from '../model/list-holes.ts'

/** Holes have none. */
const idsOf = (records: readonly RecordData[]): string[] => records.flatMap(({ id }) => id)

/**
 * Which records of a list are chosen: some by id, or all that match its filter.
 *
 * @param records with holes where one is not loaded.
 * @param reach loads those between two places. @returns whether all of them are there.
 */
export function useSelection(
  records: () => readonly RecordData[],
  reach: (first: number, last: number) => Promise<boolean>,
) {
  const ids = shallowRef<ReadonlySet<string>>(new Set())
  const isAllMatching = ref(false)
  let anchor = -1
  /** As they were when they were chosen: far pages do not stay for ever. */
  let known = new Map<string, RecordData>()

  const set = (next: Iterable<string>): void => {
    ids.value = new Set(next)
    isAllMatching.value = false
    const before = known
    known = new Map()
    for (const id of ids.value) {
      const record = before.get(id)
      if (record) known.set(id, record)
    }
    records().forEach((record) => void (ids.value.has(record.id) && known.set(record.id, record)))
  }
  const isPartial = (): boolean => holesIn(records(), 0, records().length - 1) > 0
  return {
    ids,
    isAllMatching,
    records: computed<readonly RecordData[]>(() => {
      if (ids.value.size === 0) return []
      const here = records().filter((record) => ids.value.has(record.id))
      if (here.length === ids.value.size || !isPartial()) return here
      const shown = new Set(here.map(({ id }) => id))
      return [...here, ...[...known.values()].filter(({ id }) => !shown.has(id))]
    }),
    isEmpty: computed(() => ids.value.size === 0),
    /** @param extend with Shift: everything since the last choice. */
    toggle(index: number, extend = false): void {
      const list = records()
      const record = list[index]
      if (!record) return
      const next = new Set(ids.value)
      if (extend && anchor >= 0) {
        const [from, to] = anchor < index ? [anchor, index] : [index, anchor]
        const add = (): void => set([...ids.value, ...idsOf(records().slice(from, to + 1))])
        if (holesIn(list, from, to) === 0) add()
        else void reach(from, to).then((are) => are && add())
        anchor = index
        return
      }
      if (!next.delete(record.id)) next.add(record.id)
      anchor = index
      set(next)
    },
    /** Shift and an arrow: the row that was left and the row that was reached. */
    extend(from: number, to: number): void {
      const list = records()
      const next = new Set(ids.value)
      for (const index of [from, to]) {
        const record = list[index]
        if (record) next.add(record.id)
      }
      anchor = to
      set(next)
    },
    toggleLoaded(): void {
      const list = records()
      set(list.every((record) => ids.value.has(record.id)) ? [] : idsOf(list))
    },
    selectAllMatching(): void {
      set(idsOf(records()))
      isAllMatching.value = true
    },
    clear(): void {
      set([])
      anchor = -1
    },
  }
}
export type Selection = ReturnType<typeof useSelection>
