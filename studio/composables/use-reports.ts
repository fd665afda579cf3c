import type { EntityInfo } from '@runwaycrm/sdk'
import { type ShallowRef, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { WriteFailure } from './use-many-writer.ts'
import { useServices } from './use-services.ts'
import { modSign } from './use-shortcuts.ts'
import { useTakeBack } from './use-take-back.ts'
import type { UndoEntry } from './use-undo.ts'

/** What came of writing many: the result line, and what failed. */
export interface WriteReport {
  readonly entity: EntityInfo
  readonly done: number
  /** Those that are named. */
  readonly failed: readonly Pick<WriteFailure, 'record' | 'name' | 'reason'>[]
  readonly failedCount: number
  /** Does what failed once more; null when nobody knows any more what it was. */
  readonly retry: (() => Promise<void>) | null
}

/** The report whose failures are listed; null while none are. */
export interface Reports {
  readonly shown: ShallowRef<WriteReport | null>
}
export const createReports = (): Reports => ({ shown: shallowRef(null) })

/** Says what came of it in one line, with the list of failures or the way back behind it. */
export function useReportTeller() {
  const { toasts, reports } = useServices()
  const { t } = useI18n()
  const takeBack = useTakeBack()

  return (report: WriteReport, entry: UndoEntry | null): void => {
    const { done, failedCount } = report
    if (failedCount === 0) {
      const text = t('edit.manyDone', { n: done }, done)
      const toast = toasts.show({
        text,
        ...(entry
          ? {
              action: {
                label: t('common.undo'),
                shortcut: `${modSign()}Z`,
                run: () => void takeBack.undo(entry),
              },
            }
          : {}),
      })
      if (entry) entry.toast = toast
      return
    }
    toasts.show({
      tone: 'danger',
      text: t('edit.manyPartly', { done, failed: failedCount }),
      isLasting: true,
      action: {
        label: t('edit.showFailed'),
        run: () => {
          reports.shown.value = report
        },
      },
    })
  }
}
