import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import type { TileInfo } from '../api/model.ts'
import type { AggregateRow } from '../api/records.ts'
import { bucketLabel } from '../dashboards/bucket-label.ts'
import {
  type DashboardFilters,
  figureQuery,
  groupQuery,
  tableQuery,
} from '../dashboards/tile-query.ts'
import { fieldKind } from '../model/field-kinds.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

type Data =
  | { readonly rows: readonly AggregateRow[]; readonly records?: undefined }
  | { readonly rows?: undefined; readonly records: readonly RecordData[] }

/** What one tile shows: its figures, and how they are written. Each tile asks for its own. */
export function useTile(tile: () => TileInfo, filters: () => DashboardFilters) {
  const { api, titles } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const format = useFormat()
  const entity = computed(() => model.value.entity(tile().entity))
  const fields = computed<ReadonlyMap<string, FieldInfo>>(() =>
    entity.value ? model.value.fields(entity.value) : new Map(),
  )
  const fieldOf = (name: string | undefined) => (name ? (fields.value.get(name) ?? null) : null)

  async function ask(of: EntityInfo): Promise<Data> {
    const one = tile()
    if (one.kind === 'table') {
      const { data } = await api.records.list(of.plural, tableQuery(one, of, filters()))
      titles.note(of, data)
      return { records: data }
    }
    const make = one.kind === 'kpi' ? figureQuery : groupQuery
    return { rows: (await api.records.aggregate(of.plural, make(one, of, filters()))).data }
  }
  const query = useQuery({
    queryKey: computed(() => [
      'records',
      entity.value?.plural ?? '',
      'aggregate',
      'tile',
      tile(),
      filters(),
    ]),
    enabled: computed(() => entity.value !== null),
    placeholderData: (before: Data | undefined) => before,
    queryFn: () => ask(entity.value as EntityInfo),
  })

  /** The field that the measure counts; null for a count of records. */
  const measured = computed(() => {
    const [name] = Object.values(tile().measure ?? {})
    return name === '*' ? null : fieldOf(name)
  })
  const currency = computed(() => model.value.model.org.currency)
  const isMoney = computed(
    () =>
      measured.value !== null &&
      fieldKind(measured.value) === 'currency' &&
      !('countDistinct' in (tile().measure ?? {})),
  )
  const valueText = (value: number, compact = false): string =>
    isMoney.value
      ? format.money({ amount: String(value), currency: currency.value }, compact)
      : format.number(Math.round(value * 10) / 10)

  return {
    entity,
    fieldOf,
    currency,
    rows: computed(() => query.data.value?.rows ?? []),
    records: computed(() => query.data.value?.records ?? []),
    error: query.error,
    isFirstLoad: query.isPending,
    isStale: query.isFetching,
    refetch: query.refetch,
    valueText,
    measureLabel: computed(() => measured.value?.label ?? t('home.count')),
    /** A group's value as its reader knows it. */
    groupText(value: unknown, field: FieldInfo | null): string {
      if (value === null || value === undefined || value === '') return t('common.none')
      const { bucket } = tile()
      if (bucket && field?.apiName === tile().groupBy)
        return bucketLabel(String(value), bucket, format.locale.value)
      if (!field) return String(value)
      return format.text(field, value) || String(value)
    },
  }
}
