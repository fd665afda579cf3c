import { computed, onUnmounted, ref } from 'vue'
import { errorText } from '../api/api-error.ts'
import type { FileInfo } from '../api/files.ts'
import { useServices } from './use-services.ts'

/** A file on its way, or one that was refused with the server's words. */
export interface Upload {
  readonly key: number
  readonly name: string
  /** From 0 to 1. */
  readonly share: number
  readonly problem: string
}

/** Sends files one after the other; those that are still going are stopped with the component. */
export function useUploads(onDone: (file: FileInfo) => void) {
  const { api } = useServices()
  const uploads = ref<readonly Upload[]>([])
  const stops = new Map<number, AbortController>()
  let last = 0

  function set(key: number, change: Partial<Upload>): void {
    uploads.value = uploads.value.map((one) => (one.key === key ? { ...one, ...change } : one))
  }
  function drop(key: number): void {
    stops.get(key)?.abort()
    uploads.value = uploads.value.filter((one) => one.key !== key)
  }
  async function send(files: readonly File[]): Promise<void> {
    const queue = files.map((file) => ({ file, key: ++last }))
    uploads.value = [
      ...uploads.value.filter((one) => one.problem === ''),
      ...queue.map(({ file, key }) => ({ key, name: file.name, share: 0, problem: '' })),
    ]
    for (const { file, key } of queue) {
      if (!uploads.value.some((one) => one.key === key)) continue
      const stop = new AbortController()
      stops.set(key, stop)
      try {
        const stored = await api.files.upload(file, {
          onProgress: (share) => set(key, { share }),
          signal: stop.signal,
        })
        drop(key)
        onDone(stored)
      } catch (error) {
        if (!stop.signal.aborted) set(key, { problem: errorText(error) })
      } finally {
        stops.delete(key)
      }
    }
  }
  onUnmounted(() => {
    for (const stop of stops.values()) stop.abort()
  })

  const isBusy = computed(() => uploads.value.some((one) => one.problem === ''))
  return { uploads, isBusy, send, drop }
}
