import type { EntityInfo } from '@runwaycrm/sdk'
import { onScopeDispose, shallowRef, watch } from 'vue'
import type { PresentPerson } from '../api/live.ts'
import { useServices } from './use-services.ts'

/** Who else has this record open. Whoever asks is seen by them as well. */
export function usePresence(entity: () => EntityInfo, id: () => string) {
  const { live } = useServices()
  const others = shallowRef<readonly PresentPerson[]>([])
  let stop: (() => void) | undefined
  watch(
    () => `presence:${entity().plural}/${id()}`,
    (topic) => {
      stop?.()
      others.value = []
      stop = live.subscribe([{ topic }], {
        onEvent: () => {},
        onResync: () => {},
        onPresence: (present) => {
          others.value = present
        },
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => stop?.())
  return others
}
