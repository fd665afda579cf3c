import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/api-error.ts'
import type { RevertConflict } from '../api/changes.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

/** Takes back a change set: from history, from the list of changes, or the last deed by Cmd+Z. */
export function useRevert() {
  const { api, toasts, undo } = useServices()
  const { t } = useI18n()
  const cache = useRecordCache()

  /**
   * What has changed since stops it; the reader may then revert the rest.
   *
   * @param done what is said when it worked, instead of how many records it were.
   */
  async function change(
    id: string,
    onConflict: 'stop' | 'skip' = 'stop',
    done?: string,
  ): Promise<boolean> {
    try {
      const result = await api.changes.revert(id, onConflict)
      if ('jobId' in result) {
        cache.refreshChanges()
        toasts.show({ text: t('revert.started', { n: result.matched }) })
        return true
      }
      // Cmd+Z takes this back as it does everything else.
      if (result.changeSetId)
        undo.push({ label: t('timeline.revert'), changes: [result.changeSetId] })
      await cache.refreshAll()
      cache.refreshChanges()
      toasts.show({
        tone: 'success',
        text: done ?? t('revert.done', { n: result.reverted }, result.reverted),
        ...(result.changeSetId
          ? {
              action: {
                label: t('revert.again'),
                run: () => void change(result.changeSetId ?? '', onConflict),
              },
            }
          : {}),
      })
      return true
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'CHANGE_CONFLICT') {
        toasts.error(error, t('revert.failed'))
        return false
      }
      const conflicts = (error.extra['conflicts'] ?? []) as readonly RevertConflict[]
      toasts.show({
        tone: 'danger',
        text: t('revert.conflict', { n: conflicts.length }, conflicts.length),
        requestId: error.requestId,
        action: { label: t('revert.rest'), run: () => void change(id, 'skip', done) },
      })
      return false
    }
  }
  return { change }
}
