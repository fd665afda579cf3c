import type { EntityInfo } from '@runwaycrm/sdk'
import { keepPreviousData, useQuery } from '@tanstack/vue-query'
import { computed, type Ref, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'
import type { ActionInfo } from '../api/model.ts'
import { recordTitle } from '../model/read-value.ts'
import { useModel } from './use-model.ts'
import { useNavigation } from './use-navigation.ts'
import { useNoun } from './use-noun.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

export interface Command {
  readonly key: string
  readonly label: string
  readonly icon: string
  readonly hint?: string
  readonly shortcut?: string
  readonly isRecord?: boolean
  run(): void
}
export interface CommandGroup {
  readonly label: string
  readonly commands: readonly Command[]
}

const pauseMs = 150
const mostRecords = 12

/** What the palette offers for the words typed so far. */
export function useCommands(words: Ref<string>) {
  const { api, preferences, palette } = useServices()
  const { t } = useI18n()
  const router = useRouter()
  const model = useModel()
  const navigation = useNavigation()
  const noun = useNoun()
  const creating = shallowRef<EntityInfo | null>(null)
  const running = shallowRef<{
    readonly action: ActionInfo
    readonly ids: readonly string[]
  } | null>(null)
  const route = useRoute()
  const cache = useRecordCache()
  /** The record that is open, as a page or beside its list. */
  const current = computed(() => {
    for (const { path, entity: ref } of model.value.pages) {
      const entity = ref ? model.value.entity(ref) : null
      const isHere = route.path === path || route.path.startsWith(`${path}/`)
      const id = route.path === path ? route.query['record'] : route.path.slice(path.length + 1)
      if (entity && isHere && typeof id === 'string' && /^[0-9a-f-]{36}$/.test(id))
        return { entity, id }
    }
    return null
  })

  const paused = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(words, (next) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      paused.value = next.trim()
    }, pauseMs)
  })

  const found = useQuery({
    queryKey: computed(() => ['records', 'palette', paused.value]),
    enabled: computed(() => paused.value.length > 1),
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.search.find(paused.value, signal),
  })
  /** Whether the records that show are those of earlier words. */
  const isStale = computed(
    () =>
      words.value.trim().length > 1 &&
      (words.value.trim() !== paused.value ||
        found.isPlaceholderData.value ||
        found.isPending.value),
  )
  /** Whether other words would bring more, or better ones. */
  const isPartial = computed(() => records.value.length > 0 && found.data.value?.partial === true)

  const matches = (label: string): boolean =>
    label.toLocaleLowerCase().includes(words.value.trim().toLocaleLowerCase())

  const records = computed<readonly Command[]>(() =>
    words.value.trim().length < 2
      ? []
      : (found.data.value?.data ?? []).slice(0, mostRecords).flatMap((hit) => {
          const entity = model.value.entity(hit.entity)
          const page = entity ? model.value.pageOf(entity) : null
          if (!entity || !page) return []
          return [
            {
              key: `record ${hit.id}`,
              label: hit.title || t('record.untitled'),
              icon: 'circle',
              isRecord: true,
              hint: [entity.label, hit.snippet].filter(Boolean).join(' · '),
              run: () => void router.push(`${page.path}/${hit.id}`),
            },
          ]
        }),
  )
  const places = computed<readonly Command[]>(() =>
    [
      ...navigation.top.value,
      ...navigation.groups.value.flatMap((group) => group.items),
      ...navigation.foot.value,
    ].map((item) => ({
      key: `page ${item.path}`,
      label: item.label,
      icon: item.icon,
      run: () => void router.push(item.path),
    })),
  )
  const views = computed<readonly Command[]>(() =>
    model.value.model.views.flatMap((view) => {
      const entity = model.value.entity(view.entity)
      const page = entity ? model.value.pageOf(entity) : null
      if (!entity || !page) return []
      return [
        {
          key: `view ${view.ref}`,
          label: view.label,
          icon: view.icon ?? (view.kind === 'board' ? 'square-kanban' : 'table-2'),
          hint: entity.labelPlural,
          run: () => void router.push({ path: page.path, query: { view: view.ref } }),
        },
      ]
    }),
  )
  const deeds = computed<readonly Command[]>(() => [
    ...(current.value ? deedsOn(current.value.entity, current.value.id) : []),
    ...model.value.pages.flatMap((page) => {
      const entity = page.entity ? model.value.entity(page.entity) : null
      if (!entity?.can.create) return []
      const run = (): void => {
        creating.value = entity
      }
      return [
        {
          key: `new ${entity.ref}`,
          label: t('create.title', { what: noun(entity.label) }),
          icon: 'plus',
          run,
        },
      ]
    }),
    ...model.value.model.actions
      .filter((action) => isOffered(action))
      .map((action) => ({
        key: `action ${action.ref}`,
        label: action.label,
        ...(action.on ? { hint: model.value.entity(action.on.entity)?.label ?? '' } : {}),
        icon: action.icon ?? 'play',
        run: () => {
          running.value = { action, ids: [] }
        },
      })),
    ...(['light', 'dark', 'system'] as const).map((theme) => ({
      key: `theme ${theme}`,
      label: `${t('theme.title')}: ${t(`theme.${theme}`)}`,
      icon: { light: 'sun', dark: 'moon', system: 'monitor' }[theme],
      run: () => {
        preferences.theme.value = theme
      },
    })),
    {
      key: 'shortcuts',
      label: t('shortcuts.title'),
      icon: 'circle-help',
      shortcut: '?',
      run: () => {
        palette.areShortcutsOpen.value = true
      },
    },
  ])

  /** Those on records that are not open ask which; they are many, so they wait to be asked for by a letter. */
  function isOffered({ on }: ActionInfo): boolean {
    if (!on) return true
    const entity = model.value.entity(on.entity)
    return words.value.trim() !== '' && entity !== null && current.value?.entity.ref !== entity.ref
  }
  function deedsOn(entity: EntityInfo, id: string): readonly Command[] {
    const record = cache.find(entity, id)
    const hint = record ? recordTitle(record, entity.titleField) : entity.label
    return model.value.actions(entity).map((action) => ({
      key: `action ${action.ref}`,
      label: action.label,
      hint,
      icon: action.icon ?? 'play',
      run: () => {
        running.value = { action, ids: [id] }
      },
    }))
  }

  const groups = computed<readonly CommandGroup[]>(() =>
    [
      { label: t('palette.records'), commands: records.value },
      { label: t('palette.pages'), commands: places.value.filter((one) => matches(one.label)) },
      {
        label: t('palette.views'),
        commands:
          words.value.trim() === ''
            ? []
            : views.value.filter((one) => matches(`${one.label} ${one.hint}`)),
      },
      {
        label: t('palette.actions'),
        commands: deeds.value.filter((one) => matches(`${one.label} ${one.hint ?? ''}`)),
      },
    ].filter((group) => group.commands.length > 0),
  )
  return { groups, isPartial, isStale, creating, running }
}
