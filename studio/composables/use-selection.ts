import type { RecordData } from '@runwaycrm/sdk'
import { computed, ref, shallowRef } from 'vue'

/** Which records of a list are chosen: some by id, or all that match its filter. */
export function useSelection(records: () => readonly RecordData[]) {
  const ids = shallowRef<ReadonlySet<string>>(new Set())
  const isAllMatching = ref(false)
  let anchor = -1

  const set = (next: Iterable<string>): void => {
    ids.value = new Set(next)
    isAllMatching.value = false
  }
  return {
    ids,
    isAllMatching,
    records: computed(() => records().filter((record) => ids.value.has(record.id))),
    isEmpty: computed(() => ids.value.size === 0),
    /** @param extend with Shift: everything since the last choice. */
    toggle(index: number, extend = false): void {
      const list = records()
      const record = list[index]
      if (!record) return
      const next = new Set(ids.value)
      if (extend && anchor >= 0) {
        const [from, to] = anchor < index ? [anchor, index] : [index, anchor]
        for (const one of list.slice(from, to + 1)) next.add(one.id)
      } else if (!next.delete(record.id)) next.add(record.id)
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
      set(list.every((record) => ids.value.has(record.id)) ? [] : list.map((one) => one.id))
    },
    selectAllMatching(): void {
      set(records().map((record) => record.id))
      isAllMatching.value = true
    },
    clear(): void {
      set([])
      anchor = -1
    },
  }
}
export type Selection = ReturnType<typeof useSelection>
