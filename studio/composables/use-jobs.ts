import { useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  computed,
  type InjectionKey,
  inject,
  onScopeDispose,
  provide,
  ref,
  shallowRef,
  watch,
} from 'vue'
import { useI18n } from 'vue-i18n'
import { isExport, isImport, type TrayItem, trayItems } from '../model/tray-items.ts'
import type { BulkWork } from './use-job-report.ts'
import { useModel } from './use-model.ts'
import { useRecordCache } from './use-record-cache.ts'
import { useServices } from './use-services.ts'

const pollMs = { active: 1_500, started: 400 } as const
/** What the socket tells of; a hint to look, the server's list is what counts. */
const topics = ['bulk_by_filter', 'revert', 'exports', 'slot_fill'].map((topic) => ({ topic }))
/** Ended work is shown in the tab that saw it run, a reload later too. */
const seenKey = 'runway.jobs.seen'

export interface EndedChange {
  readonly item: TrayItem
  readonly work: BulkWork | null
}

export type Jobs = ReturnType<typeof createJobs>
const key: InjectionKey<Jobs> = Symbol('jobs')

/** Made once, in the frame round every page. */
export function provideJobs(): Jobs {
  const jobs = createJobs()
  provide(key, jobs)
  return jobs
}

export function useJobs(): Jobs {
  const jobs = inject(key)
  if (!jobs) throw new Error('Jobs are known inside the shell only.')
  return jobs
}

function createJobs() {
  const { api, live, toasts } = useServices()
  const { t } = useI18n()
  const model = useModel()
  const cache = useRecordCache()
  const client = useQueryClient()
  const seen = ref<ReadonlySet<string>>(readSeen())
  /** What was begun here; of a change of all that match also what it was, so that failures can be tried again. */
  const awaited = new Map<string, BulkWork | null>()
  const ended = shallowRef<EndedChange | null>(null)
  /** Work that was begun a moment ago, which the queue may not show yet. */
  let lookUntil = 0
  /** How often something was begun here. */
  const begunCount = ref(0)

  const query = useQuery({
    queryKey: ['jobs'],
    staleTime: 0,
    retry: false,
    queryFn: async (): Promise<readonly TrayItem[]> => {
      const jobs = await api.jobs.list()
      const [imports, exports] = await Promise.all([
        model.value.may('import') && jobs.some(isImport) ? api.imports.list() : [],
        model.value.may('export') && jobs.some(isExport) ? api.exports.list() : [],
      ])
      return trayItems(jobs, { imports, exports })
    },
    refetchInterval: (of) => {
      if (of.state.data?.some((item) => item.state === 'running')) return pollMs.active
      return Date.now() < lookUntil ? pollMs.started : false
    },
  })
  const all = computed(() => query.data.value ?? [])
  const items = computed(() =>
    all.value.filter((item) => item.state === 'running' || seen.value.has(item.id)),
  )

  watch(all, (next, before = []) => {
    const running = next.filter((item) => item.state === 'running').map(({ id }) => id)
    if (running.some((id) => !seen.value.has(id))) remember([...seen.value, ...running])
    const wasRunning = new Set(before.filter((one) => one.state === 'running').map(({ id }) => id))
    for (const item of next) {
      if (item.state === 'running') continue
      const work = awaited.get(item.id)
      if (awaited.delete(item.id)) deliver(item, work ?? null)
      if (wasRunning.has(item.id) && item.kind !== 'export') void cache.refreshAll()
    }
  })

  /** The file goes to whoever waits for it without another click. */
  function deliver(item: TrayItem, work: BulkWork | null): void {
    remember([...seen.value, item.id])
    if (item.kind === 'change') ended.value = { item, work }
    if (item.kind !== 'export') void cache.refreshAll()
    else if (item.state === 'done' && item.download) download(item.download)
    else if (item.state === 'failed')
      toasts.show({ tone: 'danger', text: item.problem ?? t('jobs.failed') })
  }

  function remember(ids: readonly string[]): void {
    seen.value = new Set(ids.slice(-200))
    try {
      sessionStorage.setItem(seenKey, JSON.stringify([...seen.value]))
    } catch {
      // A full storage: the tray forgets with the tab.
    }
  }

  const look = (): void => {
    void client.invalidateQueries({ queryKey: ['jobs'] })
  }
  const stopListening = live.subscribe(topics, {
    onEvent: (event) => {
      if (topics.some(({ topic }) => topic === event.topic)) look()
    },
    onResync: look,
  })
  onScopeDispose(stopListening)

  return {
    items,
    begunCount,
    /** The change of all that match that was begun here and has just ended. */
    ended,
    /** Something long was begun here; it is shown however soon it ends, and a file comes by itself. */
    begun(id: string, work: BulkWork | null = null): void {
      awaited.set(id, work)
      begunCount.value++
      lookUntil = Date.now() + 4_000
      look()
    },
    async stop({ stop }: TrayItem): Promise<void> {
      if (!stop) return
      try {
        if (stop.by === 'import') await api.imports.cancel(stop.id)
        else if (stop.by === 'export') await api.exports.cancel(stop.id)
        else await api.jobs.cancel(stop.id)
      } catch (error) {
        toasts.error(error, t('jobs.notStopped'))
      }
      look()
    },
    dismiss(item: TrayItem): void {
      remember([...seen.value].filter((id) => id !== item.id))
    },
    dismissEnded(): void {
      remember(items.value.filter((item) => item.state === 'running').map(({ id }) => id))
    },
  }
}

function download(url: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = ''
  link.click()
}

function readSeen(): ReadonlySet<string> {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(seenKey) ?? '[]')
    return new Set(Array.isArray(kept) ? kept.map(String) : [])
  } catch {
    return new Set()
  }
}
