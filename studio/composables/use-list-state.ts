import type { EntityInfo, Filter } from '@runwaycrm/sdk'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { type LocationQuery, useRoute, useRouter } from 'vue-router'
import type { ViewInfo } from '../api/model.ts'
import { allOf } from '../filters/filter-json.ts'
import { defaultColumns } from '../model/model-index.ts'
import { useModel } from './use-model.ts'
import { useNoun } from './use-noun.ts'
import { isSavedView, useSavedViews } from './use-saved-views.ts'

/** The view everybody has: all records, columns from the model. */
const allView = 'all'

/**
 * What a list shows, kept in the address: view, filter, sort, search and the open record. Absent
 * means "as the view says", so a link always opens what its sender saw.
 */
export function useListState(entity: () => EntityInfo) {
  const route = useRoute()
  const router = useRouter()
  const model = useModel()
  const { t } = useI18n()
  const noun = useNoun()

  const saved = useSavedViews(entity)
  const views = computed<readonly ViewInfo[]>(() => {
    const info = entity()
    const all: ViewInfo = {
      ref: allView,
      entity: info.ref,
      label: t('views.all', { what: noun(info.labelPlural) }),
      kind: 'table',
      order: -1,
    }
    const known = model.value.views(info)
    // A view that shows everything in the model makes ours superfluous.
    const isThere = known.some(
      (one) => one.kind === 'table' && !one.groupBy && Object.keys(one.filter ?? {}).length === 0,
    )
    return [...known, ...(isThere ? [] : [all]), ...saved.views.value]
  })
  const view = computed(() => {
    const wanted = text(route.query, 'view')
    return views.value.find((one) => one.ref === wanted) ?? (views.value[0] as ViewInfo)
  })

  const ownFilter = computed<Filter | null>(() => readFilter(text(route.query, 'filter')))
  const filter = computed<Filter>(() => ownFilter.value ?? view.value.filter ?? {})
  const sort = computed(() => text(route.query, 'sort') ?? view.value.sort ?? '')
  const search = computed(() => text(route.query, 'q') ?? '')
  const record = computed(() => text(route.query, 'record'))

  const fields = computed(() => model.value.fields(entity()))
  const columns = computed<readonly string[]>(() => {
    const wanted = (view.value.columns ?? []).filter((name) => fields.value.has(name))
    return wanted.length > 0 ? wanted : defaultColumns(entity(), fields.value)
  })

  /** What is sent: the filter with the words somebody searches for in titles. */
  const sentFilter = computed<Filter>(() => {
    const words = search.value.trim()
    if (words === '') return filter.value
    const title = fields.value.get(entity().titleField)
    return title ? allOf([filter.value, { [title.apiName]: { $contains: words } }]) : filter.value
  })

  function set(values: Readonly<Record<string, string | null>>, replace = true): void {
    const query: LocationQuery = { ...route.query }
    for (const [name, value] of Object.entries(values))
      if (value === null || value === '') delete query[name]
      else query[name] = value
    void router[replace ? 'replace' : 'push']({ path: route.path, query })
  }

  return {
    saved,
    /** The view at hand when it is this person's own to change. */
    ownView: computed(() => (isSavedView(view.value) && view.value.isMine ? view.value : null)),
    views,
    view,
    columns,
    filter,
    sort,
    search,
    record,
    sentFilter,
    isChanged: computed(() => ownFilter.value !== null || text(route.query, 'sort') !== undefined),
    setView: (ref: string) =>
      set({ view: ref, filter: null, sort: null, q: null, record: null }, false),
    setFilter: (next: Filter) => {
      const isViews = JSON.stringify(next) === JSON.stringify(view.value.filter ?? {})
      set({ filter: isViews ? null : JSON.stringify(next) })
    },
    setSort: (next: string) => set({ sort: next === (view.value.sort ?? '') ? null : next }),
    setSearch: (words: string) => set({ q: words }),
    reset: () => set({ filter: null, sort: null }),
    /** Back closes it again. */
    openRecord: (id: string) => set({ record: id }, record.value !== undefined),
    closeRecord: () => set({ record: null }),
  }
}

function text(query: LocationQuery, name: string): string | undefined {
  const value = query[name]
  return typeof value === 'string' ? value : undefined
}

function readFilter(value: string | undefined): Filter | null {
  if (value === undefined) return null
  try {
    const parsed: unknown = JSON.parse(value)
    return typeof parsed === 'object' && parsed !== null ? (parsed as Filter) : null
  } catch {
    return null
  }
}

export type ListState = ReturnType<typeof useListState>
