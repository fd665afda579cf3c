import type { EntityInfo } from '@runwaycrm/sdk'
import { onScopeDispose, watch } from 'vue'
import type { LiveEvent } from '../api/live.ts'
import { useFlashes } from './use-flashes.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

const gatherMs = 150
const atOnce = 200

/**
 * Follows the records of an entity while something shows them. Events carry names, not values: what
 * is on screen is asked for again, in batches, and the cells that moved flash.
 */
export function useLiveRecords(entity: () => EntityInfo): void {
  const { api, live } = useServices()
  const cache = useRecordCache()
  const flashes = useFlashes()
  const waiting = new Map<string, Set<string>>()
  let hasNews = false
  let timer: ReturnType<typeof setTimeout> | undefined

  function receive(info: EntityInfo, event: LiveEvent): void {
    if (event.entity !== info.plural && event.entity !== info.ref) return
    const known = cache.find(info, event.id)
    if (/deleted|removed/.test(event.event)) {
      if (known) cache.remove(info, [event.id])
      hasNews = true
    } else if (!known) {
      hasNews = true
    } else if (known.version < event.version) {
      const fields = waiting.get(event.id) ?? new Set()
      for (const field of event.fields ?? []) fields.add(field)
      waiting.set(event.id, fields)
    } else return
    clearTimeout(timer)
    timer = setTimeout(() => void load(info), gatherMs)
  }

  async function load(info: EntityInfo): Promise<void> {
    const batch = [...waiting].slice(0, atOnce)
    waiting.clear()
    const isNew = hasNews
    hasNews = false
    try {
      if (batch.length > 0) {
        const ids = batch.map(([id]) => id)
        const page = await api.records.list(info.plural, {
          filter: { id: { $in: ids } },
          limit: atOnce,
        })
        for (const record of page.data) {
          let wasOlder = false
          cache.patch(info, record.id, (before) => {
            if (before.version >= record.version) return before
            wasOlder = true
            return mergeRecord(before, record)
          })
          const moved = batch.find(([id]) => id === record.id)?.[1]
          if (wasOlder) flashes.add(record.id, [...(moved ?? [])], 'theirs')
        }
        cache.refreshDerived(info)
      }
      if (isNew) await cache.refreshAll(info)
    } catch {
      // The next event or visit loads it; a live hint is not worth an error on screen.
    }
  }

  let stop: (() => void) | undefined
  watch(
    () => entity().plural,
    () => {
      stop?.()
      const info = entity()
      stop = live.subscribe([{ entity: info.plural }], {
        onEvent: (event) => receive(info, event),
        onResync: () => void cache.refreshAll(info),
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop?.()
    clearTimeout(timer)
  })
}
