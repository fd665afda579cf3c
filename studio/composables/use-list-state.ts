import type { EntityInfo, Filter } from '@runwaycrm/sdk'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { type LocationQuery, useRoute, useRouter } from 'vue-router'
import { type ViewInfo, type ViewKind, viewKinds } from '../api/model.ts'
import { allOf } from '../filters/filter-json.ts'
import { findField } from '../model/find-field.ts'
import { defaultColumns, wholeColumns } from '../model/model-index.ts'
import { lostNames, sortWithoutLost, withoutLost } from '../views/lost-fields.ts'
import { mergeSettings, readSettings } from '../views/settings-text.ts'
import { kindInfo, withDefaults, withSetting } from '../views/view-kinds.ts'
import { useModel } from './use-model.ts'
import { useNoun } from './use-noun.ts'
import { isSavedView, useSavedViews } from './use-saved-views.ts'

/** The view everybody has: all records, columns from the model. */
const allView = 'all'
/** All records with every field that there is. */
const wholeView = 'whole'

/**
 * What a list shows, kept in the address: view, filter, sort, search and the open record. Absent
 * means "as the view says", so a link always opens what its sender saw.
 *
 * @param isWhole nobody's views: all records with all that they have.
 */
export function useListState(entity: () => EntityInfo, isWhole: () => boolean = () => false) {
  const route = useRoute()
  const router = useRouter()
  const model = useModel()
  const { t } = useI18n()
  const noun = useNoun()

  const saved = useSavedViews(entity)
  const fields = computed(() => model.value.fields(entity()))
  const views = computed<readonly ViewInfo[]>(() => {
    const info = entity()
    const all: ViewInfo = {
      ref: allView,
      entity: info.ref,
      label: t('views.all', { what: noun(info.labelPlural) }),
      kind: 'table',
      order: -1,
    }
    if (isWhole())
      return [
        { ...all, ref: wholeView, columns: wholeColumns(info, fields.value), sort: '-createdAt' },
      ]
    const known = model.value.views(info)
    // A view that shows everything in the model makes ours superfluous.
    const isThere = known.some(
      (one) => one.kind === 'table' && !one.groupBy && Object.keys(one.filter ?? {}).length === 0,
    )
    return [...known, ...(isThere ? [] : [all]), ...saved.views.value]
  })
  /** As it is kept, before anything was changed here. */
  const keptView = computed(() => {
    const wanted = text(route.query, 'view')
    return views.value.find((one) => one.ref === wanted) ?? (views.value[0] as ViewInfo)
  })
  const ownKind = computed(() => viewKinds.find((kind) => kind === text(route.query, 'kind')))
  // By their texts, so that nothing is new when only another part of the address is.
  const settingsText = computed(() => text(route.query, 'set'))
  const filterText = computed(() => text(route.query, 'filter'))
  const ownSettings = computed(() => readSettings(settingsText.value))
  const wantedView = computed<ViewInfo>(() => {
    const kind = ownKind.value ?? keptView.value.kind
    const changed = mergeSettings(keptView.value, ownSettings.value)
    return kind === keptView.value.kind ? changed : { ...changed, kind, icon: kindInfo[kind].icon }
  })
  const view = computed(() => withDefaults(wantedView.value, fields.value))
  const knows = (name: string): boolean => findField(model.value, entity(), name) !== null

  const ownFilter = computed<Filter | null>(() => readFilter(filterText.value))
  const filter = computed<Filter>(() => ownFilter.value ?? view.value.filter ?? {})
  const sort = computed(() =>
    sortWithoutLost(text(route.query, 'sort') ?? view.value.sort ?? '', knows),
  )
  /** What can be asked of the server: without conditions on fields that are gone. */
  const knownFilter = computed(() => withoutLost(filter.value, knows))
  const search = computed(() => text(route.query, 'q') ?? '')
  const record = computed(() => text(route.query, 'record'))

  const columns = computed<readonly string[]>(() => {
    const wanted = (view.value.columns ?? []).filter((name) => fields.value.has(name))
    return wanted.length > 0 ? wanted : defaultColumns(entity(), fields.value)
  })

  /** What is sent: the filter with the words somebody searches for in titles. */
  const sentFilter = computed<Filter>(() => {
    const words = search.value.trim()
    if (words === '') return knownFilter.value
    const title = fields.value.get(entity().titleField)
    return title
      ? allOf([knownFilter.value, { [title.apiName]: { $contains: words } }])
      : knownFilter.value
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
    ownView: computed(() =>
      isSavedView(keptView.value) && keptView.value.isMine ? keptView.value : null,
    ),
    views,
    keptView,
    /** As it is shown: with what was changed here, and every needed setting filled. */
    view,
    /** Names of fields in it that are gone or hidden from the reader. */
    lost: computed(() => lostNames({ ...wantedView.value, filter: filter.value }, knows)),
    columns,
    filter,
    sort,
    search,
    record,
    knownFilter,
    sentFilter,
    /** The day that a calendar or a timeline is turned to; undefined for today. */
    day: computed(() => text(route.query, 'at')),
    isChanged: computed(() => changes.some((name) => text(route.query, name) !== undefined)),
    setView: (ref: string) =>
      set({ view: ref, ...unchanged, q: null, record: null, at: null }, false),
    setKind: (kind: ViewKind) =>
      set({ kind: kind === keptView.value.kind ? null : kind, at: null, record: null }),
    /** @param value undefined for none. */
    setSetting: (path: string, value: string | undefined) => {
      const next = withSetting(ownSettings.value, path, value ?? null)
      const isKept =
        JSON.stringify(mergeSettings(keptView.value, next)) === JSON.stringify(keptView.value)
      set({ set: isKept ? null : JSON.stringify(next) })
    },
    setDay: (day: string | null) => set({ at: day }),
    setFilter: (next: Filter) => {
      const isViews = JSON.stringify(next) === JSON.stringify(keptView.value.filter ?? {})
      set({ filter: isViews ? null : JSON.stringify(next) })
    },
    setSort: (next: string) => set({ sort: next === (keptView.value.sort ?? '') ? null : next }),
    setSearch: (words: string) => set({ q: words }),
    reset: () => set(unchanged),
    /** Back closes it again. */
    openRecord: (id: string) => set({ record: id }, record.value !== undefined),
    closeRecord: () => set({ record: null }),
  }
}

/** What the address says of a view that was changed. */
const changes = ['filter', 'sort', 'kind', 'set']
const unchanged = Object.fromEntries(changes.map((name) => [name, null]))

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
