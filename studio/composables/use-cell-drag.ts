import { onUnmounted, shallowRef } from 'vue'
import { cellOf } from '../model/cell-of.ts'
import type { CellAt, CellRange } from '../model/cell-range.ts'

const edge = 36
const speed = 14

/** Drawing a range with the pointer, and pulling its handle down to fill. */
export function useCellDrag(deps: {
  scroller: () => HTMLElement | null
  range: () => CellRange | null
  /** A drag or a click with Shift reaches to this cell. */
  reachTo: (cell: CellAt) => void
  fillTo: (source: CellRange, bottom: number) => void
}) {
  /** The range as it will be when the handle is let go. */
  const filled = shallowRef<CellRange | null>(null)
  let at = { x: 0, y: 0 }
  let frame = 0
  let stop: (() => void) | null = null

  function cellUnder(x: number, y: number): CellAt | null {
    const box = deps.scroller()?.getBoundingClientRect()
    if (!box) return null
    // Beyond the table counts as its edge.
    const inX = Math.max(box.left + 2, Math.min(box.right - 2, x))
    const inY = Math.max(box.top + edge, Math.min(box.bottom - edge, y))
    return cellOf(document.elementFromPoint(inX, inY))
  }

  /** Follows the pointer until it is let go; at the edges the table scrolls. */
  function follow(onCell: (cell: CellAt) => void, onEnd: () => void): void {
    stop?.()
    let last = ''
    const look = (): void => {
      const cell = cellUnder(at.x, at.y)
      const key = cell ? `${cell.row} ${cell.col}` : last
      if (cell && key !== last) onCell(cell)
      last = key
    }
    const scroll = (): void => {
      const scroller = deps.scroller()
      const box = scroller?.getBoundingClientRect()
      if (scroller && box) {
        const down = at.y > box.bottom - edge ? speed : at.y < box.top + edge ? -speed : 0
        const right = at.x > box.right - edge ? speed : at.x < box.left + edge ? -speed : 0
        if (down !== 0 || right !== 0) {
          scroller.scrollBy(right, down)
          look()
        }
      }
      frame = requestAnimationFrame(scroll)
    }
    const move = (event: PointerEvent): void => {
      at = { x: event.clientX, y: event.clientY }
      look()
    }
    const end = (event?: Event): void => {
      cancelAnimationFrame(frame)
      globalThis.removeEventListener('pointermove', move)
      globalThis.removeEventListener('pointerup', end)
      globalThis.removeEventListener('pointercancel', end)
      stop = null
      if (event?.type === 'pointerup') onEnd()
      else filled.value = null
    }
    globalThis.addEventListener('pointermove', move)
    globalThis.addEventListener('pointerup', end)
    globalThis.addEventListener('pointercancel', end)
    stop = end
    // Only once it has left where it began.
    const begin = (): void => {
      if (stop === end) frame = requestAnimationFrame(scroll)
    }
    globalThis.addEventListener('pointermove', begin, { once: true })
  }
  onUnmounted(() => stop?.())

  return {
    filled,
    drawFrom(event: PointerEvent): void {
      at = { x: event.clientX, y: event.clientY }
      follow(deps.reachTo, () => {})
    },
    pullHandle(event: PointerEvent): void {
      const source = deps.range()
      if (!source || event.button !== 0) return
      at = { x: event.clientX, y: event.clientY }
      follow(
        ({ row }) => {
          filled.value = row > source.bottom ? { ...source, bottom: row } : null
        },
        () => {
          const range = filled.value
          filled.value = null
          if (range) deps.fillTo(source, range.bottom)
        },
      )
    },
  }
}
