import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { DashboardBody, DashboardInfo } from '../api/model.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** A dashboard that somebody made: a record, not a part of the model. */
export interface OwnDashboard extends DashboardInfo {
  readonly savedId: string
  readonly isMine: boolean
}
export const isOwn = (one: DashboardInfo): one is OwnDashboard => 'savedId' in one

const plural = 'dashboards'

/** Dashboards that plugins ship, then those that people made for themselves or for everybody. */
export function useDashboards() {
  const { api } = useServices()
  const client = useQueryClient()
  const model = useModel()
  const kept = computed(() => model.value.entity(plural))
  const query = useQuery({
    queryKey: ['records', plural, 'mine'],
    enabled: computed(() => kept.value?.can.read === true),
    staleTime: 60_000,
    retry: false,
    queryFn: async () => (await api.records.list(plural, { sort: 'name', limit: 50 })).data,
  })
  const own = computed<readonly OwnDashboard[]>(() =>
    (query.data.value ?? []).flatMap((record) => {
      const body = record['body'] as Partial<DashboardBody> | null
      const isMine = record['ownerId'] === model.value.model.me.id
      // Anybody may write that record; what is no dashboard is left out.
      if (typeof body?.tiles !== 'object' || body.tiles === null) return []
      if (!isMine && record['shared'] !== true) return []
      const tiles = Object.fromEntries(
        Object.entries(body.tiles).filter(([, tile]) => model.value.entity(tile.entity)?.can.read),
      )
      const label = String(record['name'])
      return [
        {
          ...body,
          tiles,
          label,
          ref: `saved:${record.id}`,
          order: 10_000,
          savedId: record.id,
          isMine,
        },
      ]
    }),
  )
  const refresh = () => client.invalidateQueries({ queryKey: ['records', plural] })

  return {
    all: computed<readonly DashboardInfo[]>(() => [...model.value.model.dashboards, ...own.value]),
    canSave: computed(() => kept.value?.can.create === true),
    /** @returns the reference of the new one. */
    async copy(name: string, { ref: _, order: __, ...body }: DashboardInfo): Promise<string> {
      const record = await api.records.create(plural, {
        name,
        body: { ...bodyOf(body), label: name },
        shared: false,
        ownerId: model.value.model.me.id,
      })
      await refresh()
      return `saved:${record.id}`
    },
    async save(one: OwnDashboard, tiles: DashboardBody['tiles']): Promise<void> {
      await api.records.update(plural, one.savedId, { body: { ...bodyOf(one), tiles } })
      await refresh()
    },
    async remove(one: OwnDashboard): Promise<void> {
      await api.records.remove(plural, one.savedId)
      await refresh()
    },
  }
}

/** What the record keeps of it. */
function bodyOf({ label, icon, period, hasOwner, tiles }: DashboardBody): DashboardBody {
  return {
    label,
    ...(icon === undefined ? {} : { icon }),
    ...(period === undefined ? {} : { period }),
    ...(hasOwner === undefined ? {} : { hasOwner }),
    tiles,
  }
}
