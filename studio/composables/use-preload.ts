import { onMounted, onUnmounted } from 'vue'

/** By then the first page has what it shows. */
const afterMs = 600

/** Loads what is likely to be opened next, so that it is there when it is; what cannot be loaded is tried again then. */
export function usePreload(...loads: readonly (() => Promise<unknown>)[]): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  onMounted(() => {
    timer = setTimeout(() => {
      for (const load of loads) void load().catch(() => {})
    }, afterMs)
  })
  onUnmounted(() => clearTimeout(timer))
}
