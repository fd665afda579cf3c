import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute } from 'vue-router'
import { useModel } from './use-model.ts'
import { useUnread } from './use-unread.ts'

export interface NavigationItem {
  readonly label: string
  readonly path: string
  readonly icon: string
  readonly isCurrent: boolean
  /** How much waits there. */
  readonly count?: number
}

/** Where one can go: the pages of the model in their groups, and the studio's own. */
export function useNavigation() {
  const { t, te } = useI18n()
  const route = useRoute()
  const model = useModel()
  const { hasInbox, unread } = useUnread()

  const item = (label: string, path: string, icon: string): NavigationItem => ({
    label,
    path,
    icon,
    isCurrent: path === '/' ? route.path === '/' : `${route.path}/`.startsWith(`${path}/`),
  })

  const top = computed<readonly NavigationItem[]>(() => [
    item(t('nav.home'), '/', 'house'),
    ...(hasInbox.value
      ? [{ ...item(t('inbox.title'), '/inbox', 'bell'), count: unread.value }]
      : []),
  ])
  const groups = computed(() => {
    const found = new Map<string, NavigationItem[]>()
    for (const page of model.value.pages) {
      if (page.path === '/') continue
      const entity = page.entity ? model.value.entity(page.entity) : null
      if (page.entity && !entity?.can.read) continue
      const key = page.group ?? 'records'
      const list = found.get(key) ?? []
      list.push(item(page.label, page.path, page.icon ?? entity?.icon ?? 'table-2'))
      found.set(key, list)
    }
    return [...found].map(([key, items]) => ({
      label: te(`nav.groups.${key}`)
        ? t(`nav.groups.${key}`)
        : key.charAt(0).toUpperCase() + key.slice(1),
      items,
    }))
  })
  const foot = computed(() => [
    ...(model.value.may('studio:read') ? [item(t('nav.studio'), '/studio', 'shapes')] : []),
    item(t('changes.title'), '/changes', 'history'),
    item(t('nav.settings'), '/settings', 'settings'),
  ])
  /** The places that matter on a phone: home, the inbox, and the first pages of the model. */
  const tabs = computed(() => [
    ...top.value,
    ...groups.value.flatMap((group) => group.items).slice(0, 4 - top.value.length),
  ])
  return { top, groups, foot, tabs }
}
