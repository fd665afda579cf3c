import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import { useQueryClient } from '@tanstack/vue-query'
import { useI18n } from 'vue-i18n'
import { optionKey } from '../model/option-key.ts'
import { useServices } from './use-services.ts'

export interface NewOption {
  readonly column: string
  readonly field: FieldInfo
  readonly text: string
}

/** Where the organisation's own layer says it: in its entity, in its field of another's entity, or over another's. */
function placeOf(entity: EntityInfo, field: FieldInfo, option: string) {
  const path = ['fields', field.key, 'options', option]
  if (entity.plugin === 't') return { path: ['entities', entity.key, ...path] }
  if (field.from === 't') return { path: ['fields', field.key, 'field', 'options', option] }
  return { target: entity.ref, path }
}

/** Options that an import needs become part of the model: drafted, planned and published in one go. */
export function useNewOptions() {
  const { api } = useServices()
  const { t } = useI18n()
  const client = useQueryClient()

  /**
   * @returns the key of each, in their order.
   * @throws {ApiError} when somebody may not, or changed the same field meanwhile.
   * @throws {Error} when the draft holds other changes: those are not to be published by the way.
   */
  async function create(
    entity: EntityInfo,
    wanted: readonly NewOption[],
  ): Promise<readonly string[]> {
    if ((await api.studio.plan()).items.length > 0) throw new Error(t('import.draftInUse'))
    const taken = new Map<string, Set<string>>()
    const keys = wanted.map(({ field, text }) => {
      const keysOf = taken.get(field.key) ?? new Set(field.options?.map((one) => one.key))
      taken.set(field.key, keysOf)
      const key = optionKey(text, keysOf)
      keysOf.add(key)
      return key
    })
    await api.studio.edit(
      wanted.map(({ field, text }, index) => ({
        op: 'set',
        ...placeOf(entity, field, keys[index] ?? ''),
        from: null,
        value: { label: text.slice(0, 120) },
      })),
    )
    const { hash } = await api.studio.plan()
    await api.studio.publish(hash, t('import.published'))
    await client.invalidateQueries({ queryKey: ['model'] })
    return keys
  }
  return { create }
}
