import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import { fieldUnder, lockedBy } from '../model/field-rules.ts'
import { isEmptyValue } from '../model/read-value.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'
import { useServices } from './use-services.ts'

/** Fields of records as their rules make them, and why they are so. */
export function useFieldRules(entity: () => EntityInfo) {
  const { outbox, toasts } = useServices()
  const { t } = useI18n()
  const format = useFormat()
  const model = useModel()

  function under(field: FieldInfo, record: RecordData): FieldInfo | null {
    if (!field.rules) return field
    const values = outbox.over(record)
    return fieldUnder(field, values, values)
  }
  function reason(field: FieldInfo, record: RecordData): string {
    if (!field.rules) return ''
    const values = outbox.over(record)
    if (fieldUnder(field, values, values) === null) return t('edit.hidden', { field: field.label })
    const fields = model.value.fields(entity())
    const because = lockedBy(field, values).flatMap((name) => {
      const of = fields.get(name.split('.', 1)[0] ?? '')
      if (!of) return []
      return `${of.label}: ${format.text(of, values[of.apiName]) || '–'}`
    })
    if (because.length === 0) return ''
    return t('edit.locked', { field: field.label, because: because.join(', ') })
  }

  return {
    /** @returns null where it is not shown. */
    under,
    /** Why a rule keeps people from writing there; empty when none does. */
    reason,
    /** Whether a card, an entry or a bar has something to show there. */
    shows(field: FieldInfo | null | undefined, record: RecordData): field is FieldInfo {
      return !!field && !isEmptyValue(record[field.apiName]) && under(field, record) !== null
    },
    /** Why a record stays where it is, when moving it would write these fields; empty when it may move. */
    held(fields: readonly FieldInfo[], record: RecordData): string {
      return fields.map((field) => reason(field, record)).find((text) => text !== '') ?? ''
    },
    /** Says a reason to whoever wants to write all the same; whether there was one. */
    refuses(text: string): boolean {
      if (text !== '') toasts.show({ text })
      return text !== ''
    },
  }
}
export type FieldRules = ReturnType<typeof useFieldRules>
