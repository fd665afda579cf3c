import { onScopeDispose, type Ref, ref, watch } from 'vue'

/** Places of a list, both of them in it. */
export interface Sight {
  readonly startIndex: number
  readonly endIndex: number
}

/**
 * After a jump to another part of a long list what is in sight is drawn first; the rows around it follow once it has
 * been seen.
 *
 * @param sight null until there is one.
 * @param isWhole whether all that is in sight has its record.
 * @param spare rows around it that are drawn as a rule: who gets no further has not jumped.
 * @returns whether nothing but what is in sight is to be drawn.
 */
export function useSightFirst(deps: {
  sight: () => Sight | null
  isWhole: () => boolean
  spare: number
}): Readonly<Ref<boolean>> {
  const isFirst = ref(false)
  let frame = 0
  watch(
    deps.sight,
    (now, before) => {
      if (!now || !before) return
      const isNear =
        now.startIndex <= before.endIndex + deps.spare &&
        now.endIndex >= before.startIndex - deps.spare
      if (!isNear) isFirst.value = true
    },
    { flush: 'sync' },
  )
  watch(
    () => isFirst.value && deps.isWhole(),
    (canEnd) => {
      cancelAnimationFrame(frame)
      if (!canEnd) return
      // The second of two: the one before it has been drawn.
      frame = requestAnimationFrame(() => {
        frame = requestAnimationFrame(() => {
          isFirst.value = false
        })
      })
    },
    { flush: 'post' },
  )
  onScopeDispose(() => cancelAnimationFrame(frame))
  return isFirst
}
