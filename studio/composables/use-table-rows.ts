import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useVirtualizer } from '@tanstack/vue-virtual'
import { computed, onMounted, onScopeDispose, ref, watch } from 'vue'
import { type TableLine, tableLines } from '../model/table-lines.ts'
import { useServices } from './use-services.ts'
import { useSightFirst } from './use-sight-first.ts'

const groupHeight = 36
/** Rows above and below those in sight, where a scroll finds them. */
const spare = 8
/** While somebody drags the bar it is enough to look now and then. */
const lookMs = 40

/** The lines of a table of which only those in sight are drawn. */
export function useTableRows(deps: {
  scroller: () => HTMLElement | null
  /** With holes where a record is not loaded yet; without, when the list is grouped. */
  records: () => readonly RecordData[]
  group: () => FieldInfo | null
  /** The places of these records are in sight. */
  onSight: (first: number, last: number) => void
}) {
  const { preferences } = useServices()
  const rowHeight = ref(38)
  const headHeight = ref(34)
  const collapsed = ref<ReadonlySet<string>>(new Set())
  /** With groups; without, each record is a line. */
  const grouped = computed<readonly TableLine[] | null>(() => {
    const group = deps.group()
    return group ? tableLines(deps.records(), group, collapsed.value) : null
  })
  const lineCount = computed(() => grouped.value?.length ?? deps.records().length)
  function lineAt(at: number): TableLine | undefined {
    if (grouped.value) return grouped.value[at]
    return at < lineCount.value ? { kind: 'record', index: at } : undefined
  }
  /** Where the record of an index stands among the lines. */
  const lineOf = computed(() => {
    const places = new Map<number, number>()
    for (const [at, line] of (grouped.value ?? []).entries())
      if (line.kind === 'record') places.set(line.index, at)
    return places
  })

  const virtualizer = useVirtualizer(
    computed(() => ({
      count: lineCount.value,
      getScrollElement: deps.scroller,
      estimateSize: (at: number) =>
        grouped.value?.[at]?.kind === 'group' ? groupHeight : rowHeight.value,
      overscan: spare,
      scrollPaddingStart: headHeight.value,
      scrollPaddingEnd: headHeight.value,
    })),
  )
  const sight = computed(() => virtualizer.value.range)
  const isSightFirst = useSightFirst({ sight: () => sight.value, isWhole, spare })
  const rows = computed(() => {
    const drawn = virtualizer.value.getVirtualItems()
    if (!isSightFirst.value || !sight.value) return drawn
    const { startIndex, endIndex } = sight.value
    return drawn.filter(({ index }) => index >= startIndex && index <= endIndex)
  })
  const shown = computed(() =>
    rows.value.flatMap((row) => {
      const line = lineAt(row.index)
      if (!line) return []
      const record = line.kind === 'record' ? (deps.records()[line.index] ?? null) : null
      return [{ row, line, record }]
    }),
  )

  function isWhole(): boolean {
    return shown.value.every(({ line, record }) => line.kind === 'group' || record !== null)
  }

  function readHeights(): void {
    const style = getComputedStyle(document.documentElement)
    rowHeight.value = Number.parseFloat(style.getPropertyValue('--row-h')) || 38
    headHeight.value = Number.parseFloat(style.getPropertyValue('--head-h')) || 34
  }
  onMounted(readHeights)
  watch(preferences.density, readHeights, { flush: 'post' })
  watch([grouped, rowHeight], () => virtualizer.value.measure())
  let waiting: ReturnType<typeof setTimeout> | undefined
  let looked = 0
  function look(): void {
    waiting = undefined
    looked = performance.now()
    const { startIndex = 0, endIndex = -1 } = sight.value ?? {}
    const indexes = shown.value.flatMap(({ row, line }) =>
      line.kind === 'record' && row.index >= startIndex && row.index <= endIndex ? line.index : [],
    )
    // Groups that are closed may fill the whole of it.
    const isEnd = grouped.value !== null && rows.value.at(-1)?.index === lineCount.value - 1
    const end = isEnd ? deps.records().length - 1 : (indexes.at(-1) ?? 0)
    deps.onSight(indexes[0] ?? end, end)
  }
  watch(
    [rows, lineCount],
    () => {
      const left = looked + lookMs - performance.now()
      if (left <= 0) look()
      else waiting ??= setTimeout(look, left)
    },
    { immediate: true },
  )
  onScopeDispose(() => clearTimeout(waiting))

  return {
    shown,
    collapsed,
    height: computed(() => virtualizer.value.getTotalSize()),
    /** Rows that fit between head and foot. */
    perPage: () => Math.floor((deps.scroller()?.clientHeight ?? 400) / rowHeight.value) - 2,
    reveal: (index: number) =>
      virtualizer.value.scrollToIndex(grouped.value ? (lineOf.value.get(index) ?? 0) : index, {
        align: 'auto',
      }),
    toggleGroup(key: string): void {
      const next = new Set(collapsed.value)
      if (!next.delete(key)) next.add(key)
      collapsed.value = next
    },
  }
}
