import type { Filter } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type InjectionKey, inject, onScopeDispose, provide, watch } from 'vue'
import { tabFilters } from '../model/inbox.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** Under it are all lists of the inbox. */
export const inboxKey = ['inbox'] as const
const gatherMs = 200

type Unread = ReturnType<typeof createUnread>
const key: InjectionKey<Unread> = Symbol('unread')

/** Made once, in the frame round every page. */
export const provideUnread = (): void => provide(key, createUnread())

export function useUnread(): Unread {
  const unread = inject(key)
  if (!unread) throw new Error('What is unread is known inside the shell only.')
  return unread
}

/** How much waits in the inbox; the socket says when to look again. */
function createUnread() {
  const { api, live } = useServices()
  const model = useModel()
  const client = useQueryClient()
  const entity = computed(() => {
    const found = model.value.entity('notifications')
    return found?.can.read && model.value.model.me.id ? found : null
  })
  const query = useQuery({
    queryKey: [...inboxKey, 'unread'],
    enabled: computed(() => entity.value !== null),
    retry: false,
    staleTime: 60_000,
    queryFn: async () => {
      const page = await api.records.list('notifications', {
        filter: tabFilters.unread as Filter,
        fields: ['id'],
        limit: 1,
        count: 'exact',
      })
      return page.page.count ?? 0
    },
  })

  let timer: ReturnType<typeof setTimeout> | undefined
  const look = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => void client.invalidateQueries({ queryKey: inboxKey }), gatherMs)
  }
  let stop: (() => void) | undefined
  watch(
    () => entity.value?.plural,
    (plural) => {
      stop?.()
      stop = plural
        ? live.subscribe([{ entity: plural }], {
            onEvent: (event) => event.entity === plural && look(),
            onResync: look,
          })
        : undefined
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop?.()
    clearTimeout(timer)
  })

  return {
    hasInbox: computed(() => entity.value !== null),
    unread: computed(() => query.data.value ?? 0),
  }
}
