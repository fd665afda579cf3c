import type { EntityInfo, FieldInfo, RecordData } from '@runwaycrm/sdk'
import { computed } from 'vue'
import { useI18n } from 'vue-i18n'
import { formatDate } from '../format/format-date.ts'
import { recordTitle } from '../model/read-value.ts'
import { type DaySpan, movedValues, spanOf } from '../views/day-span.ts'
import { useFieldRules } from './use-field-rules.ts'
import { useFormat } from './use-format.ts'
import { useGuardedSave } from './use-guarded-save.ts'

/** Moving records between days: shown at once, taken back by Cmd+Z or when the server refuses. */
export function useDayMoves(
  entity: () => EntityInfo,
  start: () => FieldInfo | null,
  end: () => FieldInfo | null,
) {
  const guarded = useGuardedSave()
  const format = useFormat()
  const { t } = useI18n()
  const rules = useFieldRules(entity)

  /** The days it covers; null where a rule does not show when it begins. */
  function spanIn(record: RecordData): DaySpan | null {
    const [from, to] = [start(), end()].map((field) => field && rules.under(field, record))
    return from ? spanOf(record, from, to ?? null) : null
  }
  const isWritable = (field: FieldInfo | null): boolean =>
    field === null || (field.can.update && !field.readOnly)
  const canMove = computed(
    () => entity().can.update && start() !== null && isWritable(start()) && isWritable(end()),
  )
  /** Why a rule keeps it on its days, where somebody might move it but for that. */
  function held(record: RecordData): string {
    if (!canMove.value) return ''
    const written = [start(), end()].filter(
      (field) => field !== null && typeof record[field.apiName] === 'string',
    )
    return rules.held(written as FieldInfo[], record)
  }
  /** Says so to whoever wants to move it all the same. */
  const refuses = (record: RecordData): boolean => rules.refuses(held(record))
  async function move(span: DaySpan, day: string): Promise<void> {
    const field = start()
    if (!field || !canMove.value || day === span.from || refuses(span.record)) return
    const name = recordTitle(span.record, entity().titleField) || entity().label
    const to = formatDate(day, format.locale.value, new Date())
    const values = movedValues(span, field, end(), day)
    const toast = t('board.moved', { name, to })
    await guarded.save(entity(), span.record, values, span.record, { toast })
  }
  return { canMove, spanIn, held, refuses, move }
}
