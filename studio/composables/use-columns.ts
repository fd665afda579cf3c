import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { computed, ref, watch } from 'vue'
import { columnWidth, fieldKind, isNumeric } from '../model/field-kinds.ts'
import { useModel } from './use-model.ts'

interface Kept {
  readonly order?: readonly string[]
  readonly widths?: Readonly<Record<string, number>>
}

const narrowest = 72
const titleWidth = 240

/** The columns of one view as this person arranged them on this device. */
export function useColumns(
  entity: () => EntityInfo,
  viewRef: () => string,
  base: () => readonly string[],
) {
  const model = useModel()
  const kept = ref<Kept>({})
  const storageKey = computed(() => `runway.columns.${entity().ref}.${viewRef()}`)

  watch(
    storageKey,
    (key) => {
      try {
        kept.value = JSON.parse(localStorage.getItem(key) ?? '{}') as Kept
      } catch {
        kept.value = {}
      }
    },
    { immediate: true },
  )
  function keep(next: Kept): void {
    kept.value = next
    try {
      localStorage.setItem(storageKey.value, JSON.stringify(next))
    } catch {
      // A full storage: the arrangement holds until the tab closes.
    }
  }

  const fields = computed(() => model.value.fields(entity()))
  const names = computed(() => {
    const wanted = (kept.value.order ?? base()).filter((name) => fields.value.has(name))
    const title = entity().titleField
    // The title stays first: it is the sticky column and the way into the record.
    return fields.value.has(title) ? [title, ...wanted.filter((name) => name !== title)] : wanted
  })
  const columns = computed<readonly FieldInfo[]>(() =>
    names.value.flatMap((name) => fields.value.get(name) ?? []),
  )
  const widthOf = (field: FieldInfo): number =>
    kept.value.widths?.[field.apiName] ??
    (field.apiName === entity().titleField ? titleWidth : columnWidth(fieldKind(field)))

  return {
    columns,
    /** For `grid-template-columns`, the check column first. */
    template: computed(() =>
      [
        'var(--pick-w)',
        ...columns.value.map((field) => {
          const width = widthOf(field)
          const isFixed =
            kept.value.widths?.[field.apiName] !== undefined || isNumeric(fieldKind(field))
          return isFixed ? `${width}px` : `minmax(${width}px, ${width}fr)`
        }),
      ].join(' '),
    ),
    rowMin: computed(() => columns.value.reduce((sum, field) => sum + widthOf(field), 40)),
    widthOf,
    resize: (name: string, width: number) =>
      keep({
        ...kept.value,
        widths: { ...kept.value.widths, [name]: Math.max(narrowest, Math.round(width)) },
      }),
    hide: (name: string) =>
      keep({ ...kept.value, order: names.value.filter((one) => one !== name) }),
    show: (name: string) => keep({ ...kept.value, order: [...names.value, name] }),
    /** @param by -1 to the left, 1 to the right. */
    move(name: string, by: -1 | 1): void {
      const list = [...names.value]
      const at = list.indexOf(name)
      const to = at + by
      if (at < 1 || to < 1 || to >= list.length) return
      list.splice(at, 1)
      list.splice(to, 0, name)
      keep({ ...kept.value, order: list })
    },
    reset: () => keep({}),
    isChanged: computed(() => Object.keys(kept.value).length > 0),
  }
}
export type Columns = ReturnType<typeof useColumns>
