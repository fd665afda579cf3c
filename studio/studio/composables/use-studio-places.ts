import { useQuery } from '@tanstack/vue-query'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { useModel } from '../../composables/use-model.ts'
import { studioKey, usePoints } from './use-definitions.ts'
import { useUpkeepApi } from './use-upkeep.ts'

export interface StudioPlace {
  readonly label: string
  readonly path: string
  readonly icon: string
  readonly isCurrent: boolean
  readonly count?: number
  readonly changed?: number
}

/** Points that pages of their own are for, or that stand within another's page. */
const withPages: ReadonlySet<string> = new Set(['entities', 'fields', 'roles'])
/** Which heading a point that plugins brought is listed under; everything else is among the rest. */
const headings: Readonly<Record<string, string>> = {
  views: 'model',
  pages: 'model',
  layouts: 'model',
  dashboards: 'model',
  composers: 'model',
  workflows: 'automation',
  agents: 'automation',
  conditions: 'automation',
  schedules: 'automation',
  locales: 'brand',
  themes: 'brand',
}
const icons: Readonly<Record<string, string>> = {
  views: 'table-2',
  pages: 'layout-template',
  layouts: 'layout-grid',
  dashboards: 'chart-column',
  composers: 'pencil',
  workflows: 'workflow',
  agents: 'bot',
  schedules: 'clock',
  locales: 'globe',
  actions: 'zap',
  fieldTypes: 'type',
  settings: 'settings',
  events: 'activity',
}
const order = ['model', 'automation', 'access', 'connect', 'brand', 'more'] as const

/** Where the studio leads: its own pages, and every point that there is. */
export function useStudioPlaces() {
  const { t } = useI18n()
  const route = useRoute()
  const model = useModel()
  const { points, query } = usePoints()
  const upkeep = useUpkeepApi()

  const place = (label: string, path: string, icon: string, more: Partial<StudioPlace> = {}) => ({
    label,
    path,
    icon,
    isCurrent: `${route.path}/`.startsWith(`${path}/`),
    ...more,
  })
  const countOf = (name: string): Partial<StudioPlace> => {
    const point = points.value.find((one) => one.name === name)
    return point ? { count: point.count, changed: point.changed } : {}
  }
  const review = useQuery({ queryKey: [...studioKey, 'review'], queryFn: () => upkeep.review() })
  const toReview = computed<Partial<StudioPlace>>(() => {
    const n = review.data.value?.length ?? 0
    return n > 0 ? { count: n, changed: n } : {}
  })
  const groups = computed(() => {
    const found: Record<(typeof order)[number], StudioPlace[]> = {
      model: [place(t('studio.objects'), '/studio/objects', 'box', countOf('entities'))],
      automation: [],
      access: [
        place(t('studio.roles'), '/studio/roles', 'shield-check', countOf('roles')),
        ...(model.value.people
          ? [place(t('studio.people'), '/settings/members', 'users-round')]
          : []),
      ],
      connect: [
        ...(model.value.may('settings:write')
          ? [place(t('studio.plugins'), '/studio/plugins', 'blocks')]
          : []),
        ...(model.value.may('keys:manage')
          ? [place(t('settings.keys'), '/settings/api-keys', 'key-round')]
          : []),
      ],
      brand: [
        ...(model.value.may('settings:write')
          ? [place(t('studio.look'), '/settings/branding', 'palette')]
          : []),
        ...(model.value.may('studio:write')
          ? [place(t('terms.title'), '/settings/terms', 'languages')]
          : []),
      ],
      more: [],
    }
    if (points.value.some(({ name }) => name === 'workflows')) {
      const isCurrent = /^\/studio\/(workflows|runs)(\/|$)/.test(route.path)
      found.automation.push(place(t('studio.runs'), '/studio/workflows', 'activity', { isCurrent }))
    }
    for (const point of points.value) {
      if (withPages.has(point.name)) continue
      const heading = (headings[point.name] ?? 'more') as keyof typeof found
      const icon = icons[point.name] ?? 'shapes'
      const path = `/studio/points/${point.name}`
      found[heading].push(place(point.label, path, icon, countOf(point.name)))
    }
    return order
      .map((name) => ({ name, label: t(`studio.groups.${name}`), items: found[name] }))
      .filter(({ items }) => items.length > 0)
  })
  const foot = computed<readonly StudioPlace[]>(() => [
    place(t('studio.reviewChanges'), '/studio/review', 'git-compare', toReview.value),
    place(t('studio.archive'), '/studio/archive', 'archive'),
    place(t('studio.explorer'), '/studio/explorer', 'table-2'),
    place(t('studio.revisions'), '/studio/revisions', 'history', {
      ...(model.value.model.revision > 0 ? { count: model.value.model.revision } : {}),
    }),
  ])
  return { groups, foot, query }
}
