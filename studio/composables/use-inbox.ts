import type { Filter, RecordData } from '@runwaycrm/sdk'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, type Ref } from 'vue'
import { type InboxTab, type Notice, noticeFields, tabFilters, toNotice } from '../model/inbox.ts'
import { recordTitle } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'
import { inboxKey } from './use-unread.ts'

const atOnce = 50
const mostAtOnce = 200

/** One's own notifications, newest first, with the titles of what they are about as one may read them now. */
export function useInbox(tab: Ref<InboxTab>) {
  const { api, toasts } = useServices()
  const model = useModel()
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: inboxKey })

  const query = useInfiniteQuery({
    queryKey: computed(() => [...inboxKey, 'list', tab.value]),
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      api.records.list('notifications', {
        filter: tabFilters[tab.value] as Filter,
        fields: [...noticeFields],
        sort: '-createdAt',
        limit: atOnce,
        ...(pageParam === undefined ? {} : { cursor: pageParam }),
      }),
    getNextPageParam: (page) => page.page.nextCursor ?? undefined,
  })
  const notices = computed<readonly Notice[]>(
    () => query.data.value?.pages.flatMap(({ data }) => data.map(toNotice)) ?? [],
  )

  const wanted = computed(() => {
    const ids = notices.value.flatMap(({ entity, recordId }) =>
      entity && recordId ? [{ entity, recordId }] : [],
    )
    return [...Map.groupBy(ids, ({ entity }) => entity)].map(([entity, some]) => ({
      entity,
      ids: [...new Set(some.map(({ recordId }) => recordId))].sort(),
    }))
  })
  const titles = useQuery({
    queryKey: computed(() => [...inboxKey, 'titles', wanted.value]),
    enabled: computed(() => wanted.value.length > 0),
    retry: false,
    placeholderData: (before: ReadonlyMap<string, string> | undefined) => before,
    queryFn: async (): Promise<ReadonlyMap<string, string>> => {
      const found = await Promise.all(wanted.value.map(titlesOf))
      return new Map(found.flat())
    },
  })

  /** What is not among them, this person may not read, or it is gone. */
  async function titlesOf({ entity: ref, ids }: { entity: string; ids: readonly string[] }) {
    const entity = model.value.entity(ref)
    if (!entity?.can.read) return []
    const found: (readonly [string, string])[] = []
    for (let at = 0; at < ids.length; at += atOnce) {
      const { data } = await api.records.list(entity.plural, {
        filter: { id: { $in: ids.slice(at, at + atOnce) } },
        fields: [entity.titleField],
        limit: atOnce,
      })
      for (const record of data)
        found.push([record.id, recordTitle(record, entity.titleField) || entity.label])
    }
    return found
  }

  /** Shown at once; back as it was when the server says no. */
  async function change(
    notice: Notice,
    values: { readAt?: string | null; archivedAt?: string | null },
  ) {
    const isGone =
      ('archivedAt' in values && (values.archivedAt === null) === (tab.value === 'archived')) ||
      false
    await client.cancelQueries({ queryKey: [...inboxKey, 'list'] })
    client.setQueriesData<typeof query.data.value>(
      { queryKey: [...inboxKey, 'list', tab.value] },
      (before) =>
        before
          ? {
              ...before,
              pages: before.pages.map((page) => ({
                ...page,
                data: page.data.flatMap((record: RecordData) =>
                  record.id !== notice.id ? [record] : isGone ? [] : [{ ...record, ...values }],
                ),
              })),
            }
          : before,
    )
    try {
      await api.records.update('notifications', notice.id, values)
    } catch (error) {
      toasts.error(error)
    }
    await client.invalidateQueries({ queryKey: [...inboxKey, 'unread'] })
  }
  const now = (): string => new Date().toISOString()

  return {
    notices,
    titles: computed(() => titles.data.value ?? new Map<string, string>()),
    /** Until it is known what may be read, nothing is said to be gone. */
    areTitlesKnown: computed(() => wanted.value.length === 0 || titles.isFetched.value),
    error: query.error,
    isFirstLoad: query.isPending,
    hasMore: query.hasNextPage,
    loadMore: () => void query.fetchNextPage(),
    refetch: () => void query.refetch(),
    read: (notice: Notice) => (notice.isRead ? undefined : change(notice, { readAt: now() })),
    unread: (notice: Notice) => (notice.isRead ? change(notice, { readAt: null }) : undefined),
    archive: (notice: Notice) =>
      change(
        notice,
        notice.isArchived ? { archivedAt: null } : { archivedAt: now(), readAt: now() },
      ),
    /** All that wait, not only those on screen. */
    async readAll(): Promise<void> {
      try {
        for (;;) {
          const { data } = await api.records.list('notifications', {
            filter: tabFilters.unread as Filter,
            fields: ['id'],
            limit: mostAtOnce,
          })
          if (data.length === 0) break
          const readAt = now()
          const update = data.map(({ id }) => ({ id, readAt }))
          await api.records.bulk('notifications', { update })
        }
      } catch (error) {
        toasts.error(error)
      }
      await refresh()
    },
  }
}
