import type { FieldValues, RecordData } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/api-error.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

const plural = 'notification-preferences'
const queryKey = ['notification-preferences']

/** How this person wants to be told; until they said anything, the defaults of the fields. */
export function useNotificationPreferences() {
  const { api, toasts } = useServices()
  const { locale } = useI18n()
  const model = useModel()
  const client = useQueryClient()
  const entity = computed(() => model.value.entity(plural))
  const load = async (): Promise<RecordData | null> =>
    (await api.records.list(plural, { limit: 1 })).data[0] ?? null
  const query = useQuery({ queryKey, queryFn: load, retry: false })
  /** What has not been answered yet, over what the server knows. */
  const waiting = shallowRef<readonly FieldValues[]>([])
  const values = computed<FieldValues>(() => ({
    ...Object.fromEntries(
      entity.value?.fields.map((field) => [field.apiName, field.default ?? null]) ?? [],
    ),
    ...query.data.value,
    ...Object.assign({}, ...waiting.value),
  }))
  const muted = computed(() => {
    const list = values.value['muted']
    return Array.isArray(list) ? list.map(String) : []
  })

  let last: Promise<void> = Promise.resolve()

  /** Shown at once; back as it was when the server says no. One after the other, since the first makes the record. */
  function save(changes: FieldValues): Promise<void> {
    waiting.value = [...waiting.value, changes]
    last = last.then(async () => {
      try {
        client.setQueryData(queryKey, await write(changes))
      } catch (error) {
        toasts.error(error)
      } finally {
        waiting.value = waiting.value.filter((one) => one !== changes)
      }
    })
    return last
  }

  async function write(changes: FieldValues): Promise<RecordData> {
    const known = client.getQueryData<RecordData | null>(queryKey)
    if (known) return api.records.update(plural, known.id, changes)
    // Mails speak as this page does, and come when it is morning here.
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone
    try {
      const first = { language: locale.value, timeZone: here, ...changes }
      return await api.records.create(plural, first)
    } catch (error) {
      const made = error instanceof ApiError && error.status === 409 ? await load() : null
      if (!made) throw error
      return api.records.update(plural, made.id, changes)
    }
  }

  const mark = (ref: string, id: string): string => `${ref}/${id}`
  return {
    entity,
    values,
    muted,
    error: query.error,
    isFirstLoad: query.isPending,
    refetch: () => void query.refetch(),
    save,
    isMuted: (ref: string, id: string) => muted.value.includes(mark(ref, id)),
    mute: (ref: string, id: string) => save({ muted: [...muted.value, mark(ref, id)] }),
    unmute: (text: string) => save({ muted: muted.value.filter((one) => one !== text) }),
  }
}
