import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/api-error.ts'
import type { RevertConflict } from '../api/changes.ts'
import { useModel } from './use-model.ts'
import { mergeRecord, useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'
import { modSign } from './use-shortcuts.ts'
import type { MadeVersion, UndoEntry } from './use-undo.ts'

/** What is named in one notice; the others are counted. */
const mostNamed = 3
type Direction = 'undo' | 'redo'
interface Reverted {
  readonly changes: readonly string[]
  readonly conflicts: readonly RevertConflict[]
  readonly reverted: number
}

/**
 * Cmd+Z and Cmd+Shift+Z: reverts the change sets of a deed, and of its undoing. A field that somebody has changed
 * since stays as it is and is named.
 */
export function useTakeBack() {
  const { api, undo, toasts, titles, lanes } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const cache = useRecordCache()

  function go(direction: Direction, wanted?: UndoEntry): Promise<void> {
    const entry = undo.take(direction, wanted)
    if (!entry) {
      if (!wanted)
        toasts.show({ text: t(`undo.${direction === 'undo' ? 'nothing' : 'nothingAgain'}`) })
      return Promise.resolve()
    }
    if (entry.toast !== undefined) toasts.dismiss(entry.toast)
    return undo.inOrder(() => revertEntry(direction, entry))
  }

  async function revertEntry(direction: Direction, entry: UndoEntry): Promise<void> {
    try {
      await entry.running?.catch(() => {})
      if (entry.cancel?.()) {
        toasts.show({ text: t('undo.done', { what: entry.label }), tone: 'success' })
        return
      }
      // It may have ended by itself.
      await entry.stop?.().catch(() => {})
      const changes = entry.made ? await changesOf(entry.made) : entry.changes
      // It was refused meanwhile, or changed nothing.
      if (changes.length === 0) return
      const result = await revertAll(changes)
      const other: UndoEntry = { label: entry.label, changes: result.changes }
      undo.put(direction === 'undo' ? 'redo' : 'undo', other)
      await refresh(entry.made)
      tell(direction, entry, other, result)
    } catch (error) {
      // What could not be asked for can be asked for again.
      if (error instanceof ApiError && [0, 429, 503].includes(error.status))
        undo.put(direction, entry)
      toasts.error(error, t(direction === 'undo' ? 'undo.failed' : 'undo.failedAgain'))
    }
  }

  async function changesOf({ plural, id, version }: MadeVersion): Promise<readonly string[]> {
    const history = await api.records.history(plural, id)
    const found = history.data.find((one) => one.version === version)
    if (!found) throw new Error(t('undo.gone'))
    return [found.changeId]
  }

  async function revertAll(changes: readonly string[]): Promise<Reverted> {
    const made: string[] = []
    const conflicts: RevertConflict[] = []
    let reverted = 0
    for (const id of changes.toReversed()) {
      const result = await api.changes.revert(id, 'skip')
      if (result.changeSetId) made.push(result.changeSetId)
      if ('jobId' in result) {
        toasts.show({ text: t('revert.started', { n: result.matched }) })
        continue
      }
      conflicts.push(...result.conflicts)
      reverted += result.reverted
    }
    return { changes: made, conflicts, reverted }
  }

  async function refresh(made: MadeVersion | undefined): Promise<void> {
    const entity = made ? model.value.entity(made.plural) : null
    if (entity && made) {
      // The one that moved is on screen before the rest is asked for.
      const fresh = await api.records.get(entity.plural, made.id).catch(() => null)
      if (fresh) cache.patch(entity, made.id, (record) => lanes.over(mergeRecord(record, fresh)))
      void cache.refreshAll(entity)
    } else await cache.refreshAll()
    cache.refreshChanges()
  }

  /** @param other what would turn it round again. */
  function tell(
    direction: Direction,
    entry: UndoEntry,
    other: UndoEntry,
    { conflicts, reverted }: Reverted,
  ): void {
    const action = {
      label: t(direction === 'undo' ? 'revert.again' : 'common.undo'),
      shortcut: `${modSign()}${direction === 'undo' ? '⇧Z' : 'Z'}`,
      run: () => void go(direction === 'undo' ? 'redo' : 'undo', other),
    }
    const done =
      direction === 'undo'
        ? (entry.done ?? t('undo.done', { what: entry.label }))
        : t('undo.again', { what: entry.label })
    const stays = staysText(conflicts)
    const hasDone = reverted > 0 || stays === ''
    const text = [...(hasDone ? [done] : []), ...(stays ? [stays] : [])].join('. ')
    const tone = stays === '' ? 'success' : 'danger'
    toasts.show({ text, tone, ...(reverted > 0 ? { action } : {}) })
  }

  /** `Stays, changed since: Score of Vega (Bea Berg)`; empty when nothing does. */
  function staysText(conflicts: readonly RevertConflict[]): string {
    if (conflicts.length === 0) return ''
    const named = conflicts.slice(0, mostNamed).map(({ entity: plural, id, field, by, reason }) => {
      const entity = model.value.entity(plural)
      const name = titles.nameOf(entity, id) || (entity?.label ?? plural)
      const label = entity && field ? (model.value.fields(entity).get(field)?.label ?? field) : ''
      const what = label === '' ? name : t('undo.fieldOf', { field: label, name })
      const why = by?.name ?? reason ?? ''
      return why === '' ? what : `${what} (${why})`
    })
    const more = conflicts.length - named.length
    return t(
      'undo.stays',
      { what: named.join(', ') + (more > 0 ? ` +${more}` : '') },
      conflicts.length,
    )
  }

  return {
    undo: (entry?: UndoEntry) => go('undo', entry),
    redo: (entry?: UndoEntry) => go('redo', entry),
  }
}
