import type { FieldInfo } from '@runwaycrm/sdk'
import { computed, onUnmounted, ref, shallowRef } from 'vue'
import type { TextTable } from '../model/clipboard-table.ts'
import { type PasteTarget, type PlannedRow, planRow } from '../model/paste-plan.ts'
import { namesIn } from '../model/read-cell.ts'
import { useNameFinder } from './use-name-finder.ts'
import { useReadContext } from './use-read-context.ts'

/** How long the page may stand still at once. */
const sliceMs = 12

/** Reads a pasted block against the cells where it goes, in slices, so that the page stays usable. */
export function usePastePlan() {
  const finder = useNameFinder()
  const readContext = useReadContext()
  const rows = shallowRef<readonly PlannedRow[]>([])
  const isReady = ref(false)
  const error = shallowRef<unknown>(null)
  const share = ref(0)
  let isOver = false
  onUnmounted(() => {
    isOver = true
  })

  async function plan(block: TextTable, target: PasteTarget): Promise<void> {
    isReady.value = false
    error.value = null
    try {
      const wanted = new Map<FieldInfo, Set<string>>()
      await inSlices(block.length, (at) => {
        for (const [col, words] of (block[at] ?? []).entries()) {
          const field = target.fields[col]
          const names = field ? namesIn(field, words) : []
          if (!field || names.length === 0) continue
          const all = wanted.get(field) ?? new Set()
          for (const name of names) all.add(name)
          wanted.set(field, all)
        }
      })
      const find = wanted.size > 0 ? await finder.find(wanted) : () => undefined
      const context = readContext(find)
      const found: PlannedRow[] = []
      await inSlices(block.length, (at) => {
        found.push(planRow(target, block, at, context))
        share.value = found.length / block.length
      })
      rows.value = found
      isReady.value = !isOver
    } catch (problem) {
      error.value = problem
    }
  }

  async function inSlices(count: number, work: (at: number) => void): Promise<void> {
    let began = performance.now()
    for (let at = 0; at < count && !isOver; at++) {
      work(at)
      if (performance.now() - began < sliceMs) continue
      await new Promise((resolve) => setTimeout(resolve))
      began = performance.now()
    }
  }

  return { plan, rows, isReady, error, percent: computed(() => Math.round(share.value * 100)) }
}
