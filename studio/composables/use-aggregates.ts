import type { EntityInfo, FieldInfo, Filter, Measure } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import type { AggregateRow } from '../api/records.ts'
import { fieldKind, isNumeric } from '../model/field-kinds.ts'
import { useServices } from './use-services.ts'

/** Names of measures that no group can have. */
const measureName = (field: FieldInfo): string => `m_${field.apiName}`.replace(/\W/g, '_')

/** What the foot of a column says: sums of amounts and times, averages of other numbers. */
export function footMeasure(field: FieldInfo): 'sum' | 'avg' | null {
  const has = (name: string): boolean => field.measures.includes(name)
  const kind = fieldKind(field)
  if ((kind === 'currency' || kind === 'duration') && has('sum')) return 'sum'
  return has('avg') && (isNumeric(kind) || kind === 'slider') ? 'avg' : null
}

/** Sums and averages of all records that match, not only those loaded. */
export function useFootAggregates(
  entity: () => EntityInfo,
  filter: () => Filter,
  columns: () => readonly FieldInfo[],
) {
  const { api } = useServices()
  const measures = computed(() => {
    const found: Record<string, Measure> = {}
    for (const field of columns()) {
      const measure = footMeasure(field)
      if (measure === 'sum') found[measureName(field)] = { sum: field.apiName }
      if (measure === 'avg') found[measureName(field)] = { avg: field.apiName }
    }
    return found
  })
  const query = useQuery({
    queryKey: computed(() => [
      'records',
      entity().plural,
      'aggregate',
      { filter: filter(), measures: measures.value },
    ]),
    enabled: computed(() => Object.keys(measures.value).length > 0),
    placeholderData: (before) => before,
    queryFn: async (): Promise<AggregateRow | null> =>
      (await api.records.aggregate(entity().plural, { filter: filter(), measures: measures.value }))
        .data[0] ?? null,
  })
  return {
    valueOf: (field: FieldInfo): unknown => query.data.value?.[measureName(field)],
  }
}

export interface GroupFigures {
  readonly count: number
  readonly sum: unknown
}

/** Count and sum per value of a field, for boards and charts; the key of "none" is ''. */
export function useGroupFigures(
  entity: () => EntityInfo,
  filter: () => Filter,
  groupBy: () => string | undefined,
  sumField: () => string | undefined,
) {
  const { api } = useServices()
  const query = useQuery({
    queryKey: computed(() => [
      'records',
      entity().plural,
      'aggregate',
      { filter: filter(), by: groupBy(), sum: sumField() },
    ]),
    enabled: computed(() => groupBy() !== undefined),
    placeholderData: (before) => before,
    queryFn: async (): Promise<ReadonlyMap<string, GroupFigures>> => {
      const field = groupBy() ?? ''
      const sum = sumField()
      const answer = await api.records.aggregate(entity().plural, {
        filter: filter(),
        groupBy: [{ field }],
        measures: { n: { count: '*' }, ...(sum ? { total: { sum } } : {}) },
        limit: 200,
      })
      return new Map(
        answer.data.map((row) => [
          String(row[field] ?? ''),
          { count: Number(row['n'] ?? 0), sum: row['total'] },
        ]),
      )
    },
  })
  return { figures: query.data, error: query.error, isFirstLoad: query.isPending }
}
