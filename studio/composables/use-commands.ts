import type { EntityInfo } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref, ref, shallowRef, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRouter } from 'vue-router'
import type { ActionInfo } from '../api/model.ts'
import { recordTitle } from '../model/read-value.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { useNavigation } from './use-navigation.ts'
import { useNoun } from './use-noun.ts'
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
const perEntity = 4
const mostEntities = 8
const mostRecords = 12

/** What the palette offers for the words typed so far. */
export function useCommands(words: Ref<string>) {
  const { api, preferences, palette, titles } = useServices()
  const { t } = useI18n()
  const router = useRouter()
  const model = useModel()
  const navigation = useNavigation()
  const noun = useNoun()
  const format = useFormat()
  const creating = shallowRef<EntityInfo | null>(null)
  const running = shallowRef<ActionInfo | null>(null)

  const paused = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(words, (next) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      paused.value = next.trim()
    }, pauseMs)
  })

  const searched = computed(() =>
    model.value.pages
      .flatMap((page) => {
        const entity = page.entity ? model.value.entity(page.entity) : null
        const title = entity ? model.value.fields(entity).get(entity.titleField) : null
        return entity?.can.read && title?.operators.includes('$contains') ? [{ page, entity }] : []
      })
      .slice(0, mostEntities),
  )
  const found = useQuery({
    queryKey: computed(() => ['records', 'palette', paused.value]),
    enabled: computed(() => paused.value.length > 1),
    placeholderData: (before) => before,
    queryFn: async () => {
      const lists = await Promise.allSettled(
        searched.value.map(async ({ page, entity }) => {
          const list = await api.records.list(entity.plural, {
            filter: { [entity.titleField]: { $contains: paused.value } },
            limit: perEntity,
          })
          titles.note(entity, list.data)
          return list.data.map((record) => ({ page, entity, record }))
        }),
      )
      return lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))
    },
  })

  const matches = (label: string): boolean =>
    label.toLocaleLowerCase().includes(words.value.trim().toLocaleLowerCase())

  const records = computed<readonly Command[]>(() =>
    words.value.trim().length < 2
      ? []
      : (found.data.value ?? []).slice(0, mostRecords).map(({ page, entity, record }) => {
          const field = model.value.fields(entity).get(entity.subtitleField ?? '')
          const subtitle = field ? format.text(field, record[field.apiName]) : ''
          return {
            key: `record ${record.id}`,
            label: recordTitle(record, entity.titleField) || t('record.untitled'),
            icon: 'circle',
            isRecord: true,
            hint: [entity.label, subtitle].filter(Boolean).join(' · '),
            run: () => void router.push(`${page.path}/${record.id}`),
          }
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
      .filter((action) => action.on === null)
      .map((action) => ({
        key: `action ${action.ref}`,
        label: action.label,
        icon: action.icon ?? 'play',
        run: () => {
          running.value = action
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
      { label: t('palette.actions'), commands: deeds.value.filter((one) => matches(one.label)) },
    ].filter((group) => group.commands.length > 0),
  )
  return { groups, creating, running }
}
