import { type Ref, ref } from 'vue'

/** The CRM as the draft would make it. Reads come from the draft, and nothing is written meanwhile. */
export interface Preview {
  readonly isOn: Readonly<Ref<boolean>>
  /** @param from where the studio was left. */
  start(from: string): void
  /** @returns where the studio was left. */
  stop(): string
}

const keptAs = 'runway.preview'

/** @param storage of the tab, so that a reload does not show what is live unnoticed. */
export function createPreview(
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null = null,
): Preview {
  const from = ref(storage?.getItem(keptAs) ?? '')
  const isOn = ref(from.value !== '')
  return {
    isOn,
    start(path) {
      from.value = path
      isOn.value = true
      storage?.setItem(keptAs, path)
    },
    stop() {
      isOn.value = false
      storage?.removeItem(keptAs)
      return from.value || '/studio'
    },
  }
}

/** What the draft may answer: the studio itself is about the draft anyway, and nobody signs in to one. */
export const isPreviewed = (path: string): boolean => !/^\/(?:studio|auth)\b/.test(path)
