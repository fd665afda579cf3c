import type { EntityInfo, RecordData } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import { type ViewInfo, viewKinds } from '../api/model.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** A view that somebody saved: a record, not a part of the model. */
export interface SavedView extends ViewInfo {
  readonly savedId: string
  readonly isShared: boolean
  readonly isMine: boolean
  readonly isLocked: boolean
  /** References of the roles that it is for; none for everybody. */
  readonly roles: readonly string[]
}

/** Who sees a view, and whether it may be changed. */
export interface ViewAudience {
  readonly isShared: boolean
  readonly roles: readonly string[]
  readonly isLocked: boolean
}

/** What a view shows, as its record keeps it. */
export type ViewBody = Omit<ViewInfo, 'ref' | 'order'>

const plural = 'saved-views'
const savedRef = (id: string): string => `saved:${id}`

/** Views of an entity that this person or a colleague saved; none where no plugin keeps them. */
export function useSavedViews(entity: () => EntityInfo) {
  const { api } = useServices()
  const client = useQueryClient()
  const model = useModel()
  const kept = computed(() => model.value.entity(plural))

  const query = useQuery({
    queryKey: computed(() => ['records', plural, 'of', entity().ref]),
    enabled: computed(() => kept.value?.can.read === true),
    staleTime: 60_000,
    retry: false,
    queryFn: async () =>
      (
        await api.records.list(plural, {
          filter: { entityRef: entity().ref, $or: [{ ownerId: '@me' }, { shared: true }] },
          sort: 'name',
          limit: 100,
        })
      ).data,
  })
  const views = computed<readonly SavedView[]>(() =>
    (query.data.value ?? []).flatMap((record) => toView(record, entity(), model.value.model.me)),
  )
  const refresh = () => client.invalidateQueries({ queryKey: ['records', plural] })

  return {
    views,
    canSave: computed(() => kept.value?.can.create === true),
    /** @returns the reference of the new view. */
    async create(name: string, body: ViewBody, audience: ViewAudience): Promise<string> {
      const record = await api.records.create(plural, {
        name,
        entityRef: entity().ref,
        body: { ...body, label: name },
        shared: audience.isShared,
        roles: audience.isShared ? audience.roles : [],
        locked: audience.isLocked,
        ownerId: model.value.model.me.id,
      })
      await refresh()
      return savedRef(record.id)
    },
    async update(view: SavedView, body: ViewBody): Promise<void> {
      await api.records.update(plural, view.savedId, { body: { ...body, label: view.label } })
      await refresh()
    },
    async lock(view: SavedView, isLocked: boolean): Promise<void> {
      await api.records.update(plural, view.savedId, { locked: isLocked })
      await refresh()
    },
    async remove(view: SavedView): Promise<void> {
      await api.records.remove(plural, view.savedId)
      await refresh()
    },
  }
}
export const isSavedView = (view: ViewInfo): view is SavedView => 'savedId' in view

/** A body that is not one is left out: it may be older than the check of the server. */
function toView(
  record: RecordData,
  entity: EntityInfo,
  me: { readonly id: string; readonly roles: readonly string[] },
): SavedView[] {
  const body = record['body'] as Partial<ViewBody> | null
  if (typeof body !== 'object' || body === null) return []
  const kind = viewKinds.find((one) => one === body.kind)
  if (!kind) return []
  const isMine = record['ownerId'] === me.id
  const roles = Array.isArray(record['roles']) ? record['roles'].map(String) : []
  // Admins are given what is for others, too: to tidy up, not among their tabs.
  const isForMe = roles.length === 0 || roles.some((role) => me.roles.includes(role))
  const isShared = record['shared'] === true
  if (!isMine && !(isShared && isForMe)) return []
  return [
    {
      ...body,
      kind,
      ref: savedRef(record.id),
      entity: entity.ref,
      label: String(record['name']),
      order: 10_000,
      savedId: record.id,
      isShared,
      isMine,
      isLocked: record['locked'] === true,
      roles,
    },
  ]
}
