import { type Ref, ref } from 'vue'

/** Whether the command palette or the sheet of shortcuts is open. */
export interface Palette {
  readonly isOpen: Ref<boolean>
  readonly areShortcutsOpen: Ref<boolean>
}

export function createPalette(): Palette {
  return { isOpen: ref(false), areShortcutsOpen: ref(false) }
}
