import type { EntityInfo, Filter } from '@runwaycrm/sdk'
import { onScopeDispose, watch } from 'vue'
import type { LiveEvent } from '../api/live.ts'
import { useFlashes } from './use-flashes.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

const gatherMs = 150
/** Lists are asked for again at most this often, however busy colleagues are. */
const reloadMs = 1_500
const atOnce = 200

/**
 * Follows the records of an entity while something shows them. Events carry names, not values: what
 * is on screen is asked for again, in batches, and the cells that moved flash. What enters or leaves
 * the filter makes the lists load again.
 */
export function useLiveRecords(entity: () => EntityInfo, filter: () => Filter = () => ({})): void {
  const { api, live } = useServices()
  const cache = useRecordCache()
  const flashes = useFlashes()
  const waiting = new Map<string, Set<string>>()
  let gather: ReturnType<typeof setTimeout> | undefined
  let reload: ReturnType<typeof setTimeout> | undefined

  function receive(info: EntityInfo, event: LiveEvent): void {
    if (event.entity !== info.plural && event.entity !== info.ref) return
    const known = cache.find(info, event.id)
    if (event.event === 'record.deleted') cache.remove(info, [event.id])
    if (!known || event.event !== 'record.updated') {
      reloadSoon(info)
      return
    }
    if (known.version >= event.version) return
    const fields = waiting.get(event.id) ?? new Set()
    for (const field of event.fields ?? []) fields.add(field)
    waiting.set(event.id, fields)
    clearTimeout(gather)
    gather = setTimeout(() => void loadMoved(info), gatherMs)
  }

  function reloadSoon(info: EntityInfo): void {
    reload ??= setTimeout(() => {
      reload = undefined
      void cache.refreshAll(info)
    }, reloadMs)
  }

  async function loadMoved(info: EntityInfo): Promise<void> {
    const batch = [...waiting].slice(0, atOnce)
    waiting.clear()
    try {
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
      // The columns of a board are lists by a field: whoever changed it moved the card.
      if (cache.isOnBoard(info)) reloadSoon(info)
    } catch {
      // The next event or visit loads it; a live hint is not worth an error on screen.
    }
  }

  let stop: (() => void) | undefined
  watch(
    () => [entity().plural, JSON.stringify(filter())],
    () => {
      stop?.()
      const info = entity()
      stop = live.subscribe([{ entity: info.plural, filter: filter() }], {
        onEvent: (event) => receive(info, event),
        onResync: () => void cache.refreshAll(info),
      })
    },
    { immediate: true },
  )
  onScopeDispose(() => {
    stop?.()
    clearTimeout(gather)
    clearTimeout(reload)
  })
}
