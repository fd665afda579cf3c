import { useQueryClient } from '@tanstack/vue-query'
import {
  computed,
  type InjectionKey,
  inject,
  onScopeDispose,
  provide,
  type Ref,
  shallowRef,
} from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../../api/api-error.ts'
import type { DraftOperation } from '../../api/studio.ts'
import { useModel } from '../../composables/use-model.ts'
import { useServices } from '../../composables/use-services.ts'
import { inverse, restoreOperations } from '../model/draft-edits.ts'
import type { Json, Path } from '../model/leaf.ts'
import { studioKey, useDefinitionsApi } from './use-definitions.ts'

/** A leaf that somebody else changed meanwhile. */
export interface DraftConflict {
  readonly operation: DraftOperation
  readonly target?: string
  readonly path: Path
  /** What is there now. */
  readonly now: Json
}
interface Deed {
  readonly label: string
  readonly operations: readonly DraftOperation[]
  readonly back: readonly DraftOperation[]
}
export interface EditOptions {
  /** What Cmd+Z says it took back. */
  readonly label?: string
  /** The operations that take it back, where turning them round is not enough. */
  readonly back?: readonly DraftOperation[]
}

export type DraftEditing = ReturnType<typeof createDraftEditing>
const key: InjectionKey<DraftEditing> = Symbol('draft')

export function useDraft(): DraftEditing {
  const draft = inject(key)
  if (!draft) throw new Error('Drafts are edited inside the studio only.')
  return draft
}
export function provideDraft(): DraftEditing {
  const draft = createDraftEditing()
  provide(key, draft)
  return draft
}

/** Edits of the draft one after the other, with a way back, and conflicts for somebody to decide. */
function createDraftEditing() {
  const { toasts } = useServices()
  const api = useDefinitionsApi()
  const { t } = useI18n()
  const client = useQueryClient()
  const model = useModel()
  const done = shallowRef<readonly Deed[]>([])
  const undone = shallowRef<readonly Deed[]>([])
  const conflicts = shallowRef<readonly DraftConflict[]>([])
  const problems = shallowRef<ReadonlyMap<symbol, Ref<number>>>(new Map())
  let lane: Promise<unknown> = Promise.resolve()

  const refresh = (): Promise<void> => client.invalidateQueries({ queryKey: [...studioKey] })

  /**
   * One edit, all of it or nothing. A conflict is put before whoever edits.
   *
   * @returns whether it was saved. @throws ApiError when the draft refuses it.
   */
  function edit(
    operations: readonly DraftOperation[],
    options: EditOptions = {},
  ): Promise<boolean> {
    if (operations.length === 0) return Promise.resolve(true)
    const run = async (): Promise<boolean> => {
      try {
        await api.edit(operations)
        const back = options.back ?? inverse(operations)
        done.value = [...done.value.slice(-99), { label: options.label ?? '', operations, back }]
        undone.value = []
        void refresh()
        return true
      } catch (error) {
        const found = conflictsOf(error, operations)
        if (found.length === 0) throw error
        conflicts.value = found
        void refresh()
        return false
      }
    }
    const next = lane.then(run)
    lane = next.catch(() => {})
    return next
  }

  /** Somebody decided: their own values are written over what is there now. */
  async function decide(mine: readonly DraftConflict[]): Promise<void> {
    conflicts.value = []
    const operations = mine.map(({ operation, now }) => ({ ...operation, from: now }))
    try {
      await edit(operations)
    } catch (error) {
      toasts.error(error, t('studio.notSaved'))
    }
  }

  async function step(from: 'done' | 'undone'): Promise<void> {
    const [pile, other] = from === 'done' ? [done, undone] : [undone, done]
    const deed = pile.value.at(-1)
    if (!deed) return
    pile.value = pile.value.slice(0, -1)
    try {
      await api.edit(from === 'done' ? deed.back : deed.operations)
      other.value = [...other.value, deed]
      toasts.show({
        text: t(from === 'done' ? 'studio.undone' : 'studio.redone', { what: deed.label }),
      })
    } catch (error) {
      toasts.error(error, t('studio.notUndone'))
    }
    void refresh()
  }

  /** Throws the draft away, and offers it back. */
  async function discard(): Promise<void> {
    const draft = await api.document()
    await api.discard()
    done.value = []
    undone.value = []
    await refresh()
    const bringBack = async (): Promise<void> => {
      try {
        await edit(restoreOperations(await api.document(), draft))
        toasts.show({ text: t('studio.broughtBack'), tone: 'success' })
      } catch (error) {
        toasts.error(error, t('studio.notUndone'))
      }
    }
    toasts.show({
      text: t('studio.discarded'),
      isLasting: true,
      action: { label: t('common.undo'), run: () => void bringBack() },
    })
  }

  /** Counts problems of one editor among those of the bar below. */
  function watchProblems(count: Ref<number>): void {
    const id = Symbol('editor')
    problems.value = new Map([...problems.value, [id, count]])
    onScopeDispose(() => {
      problems.value = new Map([...problems.value].filter(([one]) => one !== id))
    })
  }

  return {
    edit,
    decide,
    discard,
    refresh,
    undo: () => step('done'),
    redo: () => step('undone'),
    forget(): void {
      done.value = []
      undone.value = []
    },
    watchProblems,
    conflicts,
    /** Resolves once every edit so far is saved or refused. */
    settled: (): Promise<unknown> => lane,
    problemCount: computed(() =>
      [...problems.value.values()].reduce((sum, count) => sum + count.value, 0),
    ),
    canWrite: computed(() => model.value.may('studio:write')),
  }
}

function conflictsOf(
  error: unknown,
  operations: readonly DraftOperation[],
): readonly DraftConflict[] {
  if (!(error instanceof ApiError) || error.code !== 'DRAFT_CONFLICT') return []
  const found = (error.extra['conflicts'] ?? []) as readonly {
    readonly index: number
    readonly target?: string
    readonly path: Path
    readonly now: Json
  }[]
  return found.flatMap((one) => {
    const operation = operations[one.index]
    return operation ? [{ ...one, operation }] : []
  })
}
