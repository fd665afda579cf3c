import type { FieldInfo } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import type { FoundName, ReadContext } from '../model/read-cell.ts'
import { useFormat } from './use-format.ts'
import { useModel } from './use-model.ts'

/** How this reader writes numbers, days, yes and no. */
export function useReadContext() {
  const { t } = useI18n()
  const format = useFormat()
  const model = useModel()
  return (find: (field: FieldInfo, name: string) => FoundName): ReadContext => ({
    locale: format.locale.value,
    currency: model.value.model.org.currency,
    yes: t('common.yes'),
    no: t('common.no'),
    find,
  })
}
