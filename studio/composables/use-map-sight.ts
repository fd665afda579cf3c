import { onMounted, onUnmounted, type Ref, ref, shallowRef } from 'vue'
import {
  fit,
  type MapSight,
  type MapSize,
  pan,
  type WorldPoint,
  zoomAt,
} from '../views/map-math.ts'

/** How far a key moves the map, in px, and zooms it, in doublings. */
const keyPan = 80
const keyZoom = 0.5
const wheelZoom = 0.0025

/** The part of the world in a frame, moved by pointer, wheel, two fingers and keyboard. */
export function useMapSight(frame: Readonly<Ref<HTMLElement | null>>) {
  const size = ref<MapSize>({ width: 800, height: 500 })
  const sight = shallowRef<MapSight>(fit([], size.value))
  /** By id, in px from the corner of the frame. */
  const pointers = new Map<number, WorldPoint>()

  const middle = (): WorldPoint => ({ x: size.value.width / 2, y: size.value.height / 2 })
  const zoom = (by: number, at: WorldPoint = middle()): void => {
    sight.value = zoomAt(sight.value, by, at, size.value)
  }
  const placeIn = (event: MouseEvent): WorldPoint => {
    const box = frame.value?.getBoundingClientRect()
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) }
  }

  function onPointerDown(event: PointerEvent): void {
    if (event.target instanceof HTMLElement && event.target.closest('button')) return
    frame.value?.setPointerCapture(event.pointerId)
    pointers.set(event.pointerId, placeIn(event))
  }
  function onPointerMove(event: PointerEvent): void {
    const before = pointers.get(event.pointerId)
    if (!before) return
    const now = placeIn(event)
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1]
    pointers.set(event.pointerId, now)
    const share = pointers.size
    sight.value = pan(sight.value, (now.x - before.x) / share, (now.y - before.y) / share)
    if (!other) return
    const [was, is] = [before, now].map((at) => Math.hypot(at.x - other.x, at.y - other.y))
    if (was && is) zoom(Math.log2(is / was), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 })
  }
  const onPointerUp = (event: PointerEvent): void => void pointers.delete(event.pointerId)

  function onWheel(event: WheelEvent): void {
    event.preventDefault()
    const lines = event.deltaMode === 1 ? 16 : 1
    zoom(-event.deltaY * lines * wheelZoom, placeIn(event))
  }
  /** @returns whether the key was one of the map's. */
  function onKey(event: KeyboardEvent): boolean {
    const by = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
      event.key
    ]
    if (by) sight.value = pan(sight.value, (by[0] ?? 0) * keyPan, (by[1] ?? 0) * keyPan)
    else if (event.key === '+' || event.key === '=') zoom(keyZoom)
    else if (event.key === '-') zoom(-keyZoom)
    else return false
    event.preventDefault()
    event.stopPropagation()
    return true
  }

  let observer: ResizeObserver | undefined
  onMounted(() => {
    const element = frame.value
    if (!element) return
    observer = new ResizeObserver(([entry]) => {
      const box = entry?.contentRect
      if (box && box.width > 0) size.value = { width: box.width, height: box.height }
    })
    observer.observe(element)
    element.addEventListener('wheel', onWheel, { passive: false })
  })
  onUnmounted(() => observer?.disconnect())

  return {
    size,
    sight,
    zoom,
    fitTo: (points: readonly WorldPoint[]) => {
      sight.value = fit(points, size.value)
    },
    onPointerDown,
    onPointerMove,
    onPointerUp,
    onKey,
  }
}
