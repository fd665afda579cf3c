import type { FieldValues, RecordData } from '@runwaycrm/sdk'
import { useQuery, useQueryClient } from '@tanstack/vue-query'
import { computed } from 'vue'
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
  const values = computed<FieldValues>(() => ({
    ...Object.fromEntries(
      entity.value?.fields.map((field) => [field.apiName, field.default ?? null]) ?? [],
    ),
    ...query.data.value,
  }))
  const muted = computed(() => {
    const list = values.value['muted']
    return Array.isArray(list) ? list.map(String) : []
  })

  /** Shown at once; back as it was when the server says no. */
  async function save(changes: FieldValues): Promise<void> {
    const before = query.data.value ?? null
    client.setQueryData(queryKey, { ...values.value, ...changes })
    try {
      client.setQueryData(queryKey, await write(before, changes))
    } catch (error) {
      client.setQueryData(queryKey, before)
      toasts.error(error)
    }
  }

  async function write(known: RecordData | null, changes: FieldValues): Promise<RecordData> {
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
