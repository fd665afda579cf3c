import { computed, onScopeDispose, ref, shallowRef } from 'vue'
import type { ImportInfo, ImportSpec } from '../api/imports.ts'
import { useJobs } from './use-jobs.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

const pollMs = 500

/** One import from the file to its end: dry run, correction, run. */
export function useImport() {
  const { api } = useServices()
  const cache = useRecordCache()
  const jobs = useJobs()
  const info = shallowRef<ImportInfo | null>(null)
  const failure = ref<unknown>(null)
  const isBusy = ref(false)
  /** 0 to 1 while the file is on its way. */
  const sent = ref<number | null>(null)
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
    sent,
    /** Reads the file and guesses the columns that the spec does not name; writes nothing. */
    look: (file: File, spec: Omit<ImportSpec, 'dryRun'>) =>
      attempt(async () => {
        const onProgress = (share: number) => {
          sent.value = share
        }
        try {
          return (await api.imports.start(file, { ...spec, dryRun: true }, { onProgress })).id
        } finally {
          sent.value = null
        }
      }),
    /** Runs what was looked at, as it was corrected. */
    run: (changes: Pick<ImportSpec, 'columns' | 'key' | 'onDuplicate'>) =>
      attempt(async () => {
        const id = info.value?.id ?? ''
        await api.imports.run(id, changes)
        jobs.begun(id)
        return id
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
