import { type Ref, ref, watch } from 'vue'

export type Theme = 'system' | 'light' | 'dark'
export type Density = 'comfortable' | 'compact'

/** What a person chose on this device. */
export interface Preferences {
  readonly theme: Ref<Theme>
  readonly density: Ref<Density>
  /** BCP 47; empty follows the browser. */
  readonly language: Ref<string>
  /** Width of the record panel in px. */
  readonly panelWidth: Ref<number>
}

const storageKey = 'runway.preferences'

export function createPreferences(storage: Storage, root: HTMLElement): Preferences {
  const kept = read(storage)
  const preferences: Preferences = {
    theme: ref<Theme>(kept.theme ?? 'system'),
    density: ref<Density>(kept.density ?? 'comfortable'),
    language: ref(kept.language ?? ''),
    panelWidth: ref(kept.panelWidth ?? 560),
  }
  watch(
    () => ({
      theme: preferences.theme.value,
      density: preferences.density.value,
      language: preferences.language.value,
      panelWidth: preferences.panelWidth.value,
    }),
    (values) => {
      if (values.theme === 'system') delete root.dataset['theme']
      else root.dataset['theme'] = values.theme
      if (values.density === 'compact') root.dataset['density'] = 'compact'
      else delete root.dataset['density']
      try {
        storage.setItem(storageKey, JSON.stringify(values))
      } catch {
        // A full storage: the choice holds until the tab closes.
      }
    },
    { immediate: true },
  )
  return preferences
}

interface Kept {
  theme?: Theme
  density?: Density
  language?: string
  panelWidth?: number
}
function read(storage: Storage): Kept {
  try {
    return JSON.parse(storage.getItem(storageKey) ?? '{}') as Kept
  } catch {
    return {}
  }
}
