import { type ShallowRef, shallowRef } from 'vue'
import { ApiError, errorText } from '../api/api-error.ts'

export interface Toast {
  readonly id: number
  readonly text: string
  readonly tone: 'plain' | 'danger' | 'success'
  /** Shown small behind the text, so that support finds the log line. */
  readonly requestId?: string | null
  /** Stays until it is dismissed: it offers what is nowhere else. */
  readonly isLasting?: boolean
  readonly action?: { readonly label: string; readonly shortcut?: string; run(): void }
}

export interface Toasts {
  readonly list: Readonly<ShallowRef<readonly Toast[]>>
  show(toast: Omit<Toast, 'id' | 'tone'> & { readonly tone?: Toast['tone'] }): number
  /** @param before what did not happen: `Not saved`. */
  error(error: unknown, before?: string): void
  dismiss(id: number): void
  /** Somebody points at it or is in it: it stays while they do. */
  hold(id: number): void
  release(id: number): void
}

const shownMs = { plain: 6_000, success: 4_000, danger: 9_000 }
const most = 3

export function createToasts(): Toasts {
  const list = shallowRef<readonly Toast[]>([])
  let nextId = 1

  const timers = new Map<number, ReturnType<typeof setTimeout>>()

  const hold = (id: number): void => {
    clearTimeout(timers.get(id))
    timers.delete(id)
  }
  const release = (id: number): void => {
    hold(id)
    const toast = list.value.find((one) => one.id === id)
    if (!toast || toast.isLasting) return
    timers.set(
      id,
      setTimeout(() => dismiss(id), shownMs[toast.tone]),
    )
  }
  const dismiss = (id: number): void => {
    hold(id)
    list.value = list.value.filter((toast) => toast.id !== id)
  }
  const show: Toasts['show'] = (toast) => {
    const id = nextId++
    const tone = toast.tone ?? 'plain'
    const all = [...list.value, { ...toast, id, tone }]
    const oldest = all.find((one) => !one.isLasting) ?? all[0]
    list.value = all.length > most ? all.filter((one) => one !== oldest) : all
    release(id)
    return id
  }
  return {
    list,
    show,
    dismiss,
    hold,
    release,
    error(error, before) {
      const text = errorText(error)
      show({
        tone: 'danger',
        text: before ? `${before}: ${text}` : text,
        requestId: error instanceof ApiError ? error.requestId : null,
      })
    },
  }
}
