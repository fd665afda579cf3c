import type { FieldInfo } from '@runwaycrm/sdk'
import { useI18n } from 'vue-i18n'
import type { CellRange } from '../model/cell-range.ts'
import { rowsOf } from '../model/cell-range.ts'
import { type CellChanges, clearCells, type FillTarget, fillCells } from '../model/fill-cells.ts'
import { type FoundName, namesIn, readCell } from '../model/read-cell.ts'
import { sameValue } from '../model/read-value.ts'
import { useGuardedSave } from './use-guarded-save.ts'
import { useManyWriter } from './use-many-writer.ts'
import { useNameFinder } from './use-name-finder.ts'
import { useReadContext } from './use-read-context.ts'
import { useServices } from './use-services.ts'

/** What is written to ranges: few change sets, and one cell at once. */
export function useGridWrites(target: () => FillTarget) {
  const { toasts, refusals } = useServices()
  const { t } = useI18n()
  const guarded = useGuardedSave()
  const many = useManyWriter()
  const finder = useNameFinder()
  const readContext = useReadContext()

  function write({ changes, skipped }: CellChanges): void {
    const { entity } = target()
    if (skipped.length > 0)
      toasts.show({ tone: 'danger', text: t('edit.skipped', { fields: skipped.join(', ') }) })
    const [first] = changes
    const names = Object.keys(first?.values ?? {})
    if (changes.length === 1 && first && names.length === 1) {
      void guarded.save(entity, first.record, first.values, first.record)
    } else void many.write(entity, { changes, isGuarded: true })
  }

  async function pasteOne(row: number, field: FieldInfo, words: string): Promise<void> {
    const { entity, records } = target()
    const record = records[row]
    if (!record) return
    const names = namesIn(field, words)
    const found = names.length > 0 ? await finder.find(new Map([[field, new Set(names)]])) : null
    const find = (of: FieldInfo, name: string): FoundName => found?.(of, name)
    const read = readCell(field, words, record[field.apiName], readContext(find))
    if (read.ok) {
      const { apiName } = field
      if (!sameValue(record[apiName], read.value))
        void guarded.save(entity, record, { [apiName]: read.value }, record, { isTyped: true })
    } else {
      const { code, expects, what = '' } = read.why
      const why = expects ? t(`edit.expects.${expects}`) : t(`paste.why.${code}`, { what })
      refusals.add(record.id, { [field.apiName]: words }, why)
      toasts.show({ tone: 'danger', text: `${t('edit.notSaved')}: ${why}` })
    }
  }

  return {
    pasteOne,
    clear: (range: CellRange): void => write(clearCells(target(), range)),
    /** Cmd+D: with the first row of the range; a single row takes the one above it. */
    fillDown(range: CellRange): void {
      const isOne = rowsOf(range) === 1
      const top = isOne ? range.top - 1 : range.top
      if (top < 0) return
      write(fillCells(target(), { ...range, top, bottom: top }, { ...range, top }))
    },
    /** By the handle: down to a row. */
    fillTo: (source: CellRange, bottom: number): void =>
      write(fillCells(target(), source, { ...source, bottom })),
  }
}
