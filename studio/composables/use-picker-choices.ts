import type { FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useQuery } from '@tanstack/vue-query'
import { computed, type Ref, reactive, ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import { codeChoices } from '../format/code-names.ts'
import { fieldKind } from '../model/field-kinds.ts'
import { recordTitle } from '../model/read-value.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { usePeople } from './use-people.ts'
import { useRecordsAnywhere } from './use-records-anywhere.ts'
import { useServices } from './use-services.ts'

export interface PickerChoice {
  readonly key: string
  /** What is picked, where that is not the key. */
  readonly value?: unknown
  readonly label: string
  readonly look: 'tag' | 'person' | 'record' | 'plain'
  readonly color?: number
  readonly hint?: string
}

const pauseMs = 160
const shown = 30
const mostCodes = 60

/** What a picker of this field offers for the words typed so far. */
export function usePickerChoices(
  field: () => FieldInfo,
  search: Ref<string>,
  isOpen: () => boolean,
  withMe: () => boolean,
) {
  const { api, titles, toasts } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const people = usePeople()
  const format = useFormat()
  const kind = computed(() => fieldKind(field()))
  const target = computed(() => (field().to ? model.value.entity(field().to ?? '') : null))
  const isRelation = computed(() => kind.value === 'relation' || kind.value === 'relations')

  const words = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  watch(search, (next) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      words.value = next.trim()
    }, pauseMs)
  })

  const related = useQuery({
    queryKey: computed(() => ['records', target.value?.plural, 'choices', words.value]),
    enabled: computed(() => isRelation.value && isOpen() && target.value !== null),
    placeholderData: (before) => before,
    queryFn: async (): Promise<readonly RecordData[]> => {
      const entity = target.value
      if (!entity) return []
      const title = entity.titleField
      const page = await api.records.list(entity.plural, {
        filter: words.value === '' ? {} : { [title]: { $contains: words.value } },
        sort: words.value === '' ? '-updatedAt' : title,
        limit: shown,
      })
      titles.note(entity, page.data)
      return page.data
    },
  })

  /** A reference may be to records of some objects only. */
  const only = computed(() => {
    const names = field().params['only']
    if (!Array.isArray(names)) return null
    return names.flatMap((name) => model.value.entity(String(name))?.plural ?? [])
  })
  const isOffered = ({ value }: PickerChoice): boolean =>
    only.value?.includes((value as { readonly entity: string }).entity) ?? true
  const anywhere = useRecordsAnywhere(
    words,
    () => kind.value === 'reference' && isOpen(),
    () => only.value,
  )
  const choices = computed<readonly PickerChoice[]>(() => {
    const matches = (label: string): boolean =>
      label.toLocaleLowerCase().includes(search.value.trim().toLocaleLowerCase())
    if (isRelation.value) {
      const entity = target.value
      return (related.data.value ?? []).map((record) => ({
        key: record.id,
        label: recordTitle(record, entity?.titleField ?? 'name') || record.id,
        look: 'record' as const,
        hint: entity?.subtitleField ? recordTitle(record, entity.subtitleField) : '',
      }))
    }
    if (kind.value === 'reference') return anywhere.choices.value.filter(isOffered)
    const codes = codeChoices(kind.value, format.locale.value)
    if (codes.length > 0)
      return codes
        .filter(({ key, label }) => matches(label) || matches(key))
        .slice(0, mostCodes)
        .map(({ key, label }) => ({
          key,
          label,
          look: 'plain' as const,
          ...(key === label ? {} : { hint: key }),
        }))
    if (kind.value === 'user' || kind.value === 'users') {
      const title = model.value.people?.titleField ?? 'name'
      const me = withMe() ? [{ key: '@me', label: t('filter.me'), look: 'plain' as const }] : []
      const found = people.list.value
        .filter((person) => person['active'] !== false)
        .map((person) => ({
          key: person.id,
          label: recordTitle(person, title),
          look: 'person' as const,
          ...(typeof person['avatarColor'] === 'number' ? { color: person['avatarColor'] } : {}),
        }))
      return [...me, ...found].filter((one) => matches(one.label))
    }
    return (field().options ?? [])
      .filter((option) => !option.hidden && matches(option.label))
      .map((option) => ({
        key: option.key,
        label: option.label,
        look: 'tag' as const,
        ...(option.color ? { color: option.color } : {}),
      }))
  })

  /** A related record with nothing but its name, where that is enough. */
  const canCreate = computed(() => {
    const entity = target.value
    if (!isRelation.value || !entity?.can.create) return false
    return entity.fields.every(
      (one) => !one.required || one.apiName === entity.titleField || one.default !== undefined,
    )
  })
  async function createNamed(name: string): Promise<PickerChoice | null> {
    const entity = target.value
    if (!entity) return null
    try {
      const record = await api.records.create(entity.plural, { [entity.titleField]: name.trim() })
      titles.note(entity, [record])
      return { key: record.id, label: name.trim(), look: 'record' }
    } catch (error) {
      toasts.error(error, t('create.failed'))
      return null
    }
  }
  /** Tags take whatever is written, languages a tag with a region such as `de-CH`. */
  const takesAnything = computed(() => {
    const written = search.value.trim()
    const isLanguage = kind.value === 'language' && /^[a-z]{2,3}[-_][a-z0-9-]+$/i.test(written)
    const isTaken = kind.value === 'tags' || isLanguage
    return isTaken && !choices.value.some((one) => one.label === written || one.key === written)
  })
  const create = reactive({
    canRun: computed(() => canCreate.value || takesAnything.value),
    run: async (name: string): Promise<PickerChoice | null> =>
      takesAnything.value
        ? { key: name.trim(), label: name.trim(), look: 'tag' }
        : createNamed(name),
  })

  const isLoading = computed(() => related.isFetching.value || anywhere.isLoading.value)
  return { choices, isLoading, create }
}
