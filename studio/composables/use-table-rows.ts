import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useVirtualizer } from '@tanstack/vue-virtual'
import { computed, onMounted, ref, watch } from 'vue'
import { tableLines } from '../model/table-lines.ts'
import { useServices } from './use-services.ts'

const groupHeight = 36
/** Lines before the end at which more are asked for. */
const ahead = 30

/** The lines of a table of which only those in sight are drawn. */
export function useTableRows(deps: {
  scroller: () => HTMLElement | null
  records: () => readonly RecordData[]
  group: () => FieldInfo | null
  hasMore: () => boolean
  loadMore: () => void
}) {
  const { preferences } = useServices()
  const rowHeight = ref(38)
  const headHeight = ref(34)
  const collapsed = ref<ReadonlySet<string>>(new Set())
  const lines = computed(() => tableLines(deps.records(), deps.group(), collapsed.value))
  /** Where the record of an index stands among the lines. */
  const lineOf = computed(() => {
    const places = new Map<number, number>()
    for (const [at, line] of lines.value.entries())
      if (line.kind === 'record') places.set(line.index, at)
    return places
  })

  const virtualizer = useVirtualizer(
    computed(() => ({
      count: lines.value.length,
      getScrollElement: deps.scroller,
      estimateSize: (at: number) =>
        lines.value[at]?.kind === 'group' ? groupHeight : rowHeight.value,
      overscan: 8,
      scrollPaddingStart: headHeight.value,
      scrollPaddingEnd: headHeight.value,
    })),
  )
  const rows = computed(() => virtualizer.value.getVirtualItems())
  const shown = computed(() =>
    rows.value.flatMap((row) => {
      const line = lines.value[row.index]
      if (!line) return []
      const record = line.kind === 'record' ? (deps.records()[line.index] ?? null) : null
      return [{ row, line, record }]
    }),
  )

  function readHeights(): void {
    const style = getComputedStyle(document.documentElement)
    rowHeight.value = Number.parseFloat(style.getPropertyValue('--row-h')) || 38
    headHeight.value = Number.parseFloat(style.getPropertyValue('--head-h')) || 34
  }
  onMounted(readHeights)
  watch(preferences.density, readHeights, { flush: 'post' })
  watch([lines, rowHeight], () => virtualizer.value.measure())
  watch(rows, (drawn) => {
    const last = drawn.at(-1)
    if (last && deps.hasMore() && last.index >= lines.value.length - ahead) deps.loadMore()
  })

  return {
    shown,
    collapsed,
    height: computed(() => virtualizer.value.getTotalSize()),
    /** Rows that fit between head and foot. */
    perPage: () => Math.floor((deps.scroller()?.clientHeight ?? 400) / rowHeight.value) - 2,
    reveal: (index: number) =>
      virtualizer.value.scrollToIndex(lineOf.value.get(index) ?? 0, { align: 'auto' }),
    toggleGroup(key: string): void {
      const next = new Set(collapsed.value)
      if (!next.delete(key)) next.add(key)
      collapsed.value = next
    },
  }
}
