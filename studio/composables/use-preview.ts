import { type Ref, ref } from 'vue'

/** The CRM as the draft would make it. Reads come from the draft, and nothing is written meanwhile. */
export interface Preview {
  readonly isOn: Readonly<Ref<boolean>>
  /** The role whose view it is; empty for one's own. */
  readonly role: Readonly<Ref<string>>
  /**
   * @param from where the studio was left.
   * @param role reference of the role to look as.
   */
  start(from: string, role?: string): void
  /** @returns where the studio was left. */
  stop(): string
}

const keptAs = 'runway.preview'
const roleKeptAs = 'runway.preview.role'

/** @param storage of the tab, so that a reload does not show what is live unnoticed. */
export function createPreview(
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null = null,
): Preview {
  const from = ref(storage?.getItem(keptAs) ?? '')
  const role = ref(storage?.getItem(roleKeptAs) ?? '')
  const isOn = ref(from.value !== '')
  return {
    isOn,
    role,
    start(path, as = '') {
      from.value = path
      role.value = as
      isOn.value = true
      storage?.setItem(keptAs, path)
      storage?.setItem(roleKeptAs, as)
    },
    stop() {
      isOn.value = false
      storage?.removeItem(keptAs)
      storage?.removeItem(roleKeptAs)
      return from.value || '/studio'
    },
  }
}

/** What a request of the preview says of itself. */
export function previewHeaders(preview: Preview, path: string): Readonly<Record<string, string>> {
  if (!preview.isOn.value || !isPreviewed(path)) return {}
  const draft = { 'x-runway-revision': 'draft' }
  return preview.role.value === '' ? draft : { ...draft, 'x-runway-role': preview.role.value }
}

/** What the draft may answer: the studio itself is about the draft anyway, and nobody signs in to one. */
const isPreviewed = (path: string): boolean => !/^\/(?:studio|auth)\b/.test(path)
