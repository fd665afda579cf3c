import type { EntityInfo } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { ActorInfo, HistoryEntry, TimelineEntry } from '../api/records.ts'
import { useRecordHistory } from './use-record.ts'
import { useServices } from './use-services.ts'

/** A step of the history, or something that was written about the record. */
export interface TimelineItem {
  readonly key: string
  readonly at: string
  readonly actor: ActorInfo
  readonly change: HistoryEntry | null
  readonly entry: TimelineEntry | null
}

const kinds = ['note', 'call', 'email', 'task', 'file', 'agent', 'approval']

/** The record's own history and what else the timeline knows, in one order. */
export function useRecordTimeline(entity: () => EntityInfo, id: () => string) {
  const { api } = useServices()
  const history = useRecordHistory(entity, id)
  const timeline = useQuery({
    queryKey: computed(() => ['records', entity().plural, 'timeline', id()]),
    queryFn: async () => (await api.records.timeline(entity().plural, id(), kinds)).data,
    retry: false,
  })
  const items = computed<readonly TimelineItem[]>(() => {
    const changes = history.entries.value.map((change) => ({
      key: `${change.changeId} ${change.version}`,
      at: change.at,
      actor: change.actor,
      change,
      entry: null,
    }))
    // Entries older than the last loaded step wait for it, so that nothing jumps in between.
    const oldest = history.hasMore.value ? (changes.at(-1)?.at ?? '') : ''
    const others = (timeline.data.value ?? [])
      .filter((entry) => entry.kind !== 'change' && entry.at >= oldest)
      .map((entry) => ({ key: entry.id, at: entry.at, actor: entry.actor, change: null, entry }))
    return [...others, ...changes].toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
  })
  return { ...history, items }
}
