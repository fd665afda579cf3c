import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { ColumnTarget, ImportInfo, ImportSpec } from '../api/imports.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

const pollMs = 500

/** One import from the file to its end: dry run, correction, run. */
export function useImport() {
  const { api } = useServices()
  const cache = useRecordCache()
  const info = shallowRef<ImportInfo | null>(null)
  const failure = ref<unknown>(null)
  const isBusy = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  async function watchUntilSettled(id: string): Promise<void> {
    try {
      info.value = await api.imports.get(id)
    } catch (error) {
      failure.value = error
      isBusy.value = false
      return
    }
    if (info.value.status === 'reading' || info.value.status === 'running') {
      timer = setTimeout(() => void watchUntilSettled(id), pollMs)
      return
    }
    isBusy.value = false
    if (info.value.status !== 'waiting') await cache.refreshAll()
  }
  async function attempt(work: () => Promise<string>): Promise<void> {
    failure.value = null
    isBusy.value = true
    try {
      await watchUntilSettled(await work())
    } catch (error) {
      failure.value = error
      isBusy.value = false
    }
  }
  onScopeDispose(() => clearTimeout(timer))

  return {
    info,
    failure,
    isBusy,
    status: computed(() => info.value?.status ?? null),
    /** Reads the file and guesses the columns; writes nothing. */
    look: (file: File, spec: Omit<ImportSpec, 'dryRun'>) =>
      attempt(async () => (await api.imports.start(file, { ...spec, dryRun: true })).id),
    /** Runs it with the columns as corrected; the key needs a run of its own. */
    run: (file: File, spec: ImportSpec, columns: Readonly<Record<string, ColumnTarget>>) =>
      attempt(async () => {
        const id = info.value?.id
        if (id && !spec.key?.length) {
          await api.imports.run(id, columns)
          return id
        }
        return (await api.imports.start(file, { ...spec, columns, dryRun: false })).id
      }),
    cancel: () => info.value && api.imports.cancel(info.value.id),
    reset: () => {
      clearTimeout(timer)
      info.value = null
      failure.value = null
      isBusy.value = false
    },
  }
}
