import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { fieldUnder, lockedBy } from '../model/field-rules.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** Fields of records as their rules make them, and why they are so. */
export function useFieldRules(entity: () => EntityInfo) {
  const { outbox } = useServices()
  const { t } = useI18n()
  const format = useFormat()
  const model = useModel()

  return {
    /** @returns null where it is not shown. */
    under(field: FieldInfo, record: RecordData): FieldInfo | null {
      if (!field.rules) return field
      const values = outbox.over(record)
      return fieldUnder(field, values, values)
    },
    /** Why a rule keeps people from writing there; empty when none does. */
    reason(field: FieldInfo, record: RecordData): string {
      if (!field.rules) return ''
      const values = outbox.over(record)
      if (fieldUnder(field, values, values) === null)
        return t('edit.hidden', { field: field.label })
      const fields = model.value.fields(entity())
      const because = lockedBy(field, values).flatMap((name) => {
        const of = fields.get(name.split('.', 1)[0] ?? '')
        if (!of) return []
        return `${of.label}: ${format.text(of, values[of.apiName]) || '–'}`
      })
      if (because.length === 0) return ''
      return t('edit.locked', { field: field.label, because: because.join(', ') })
    },
  }
}
export type FieldRules = ReturnType<typeof useFieldRules>
