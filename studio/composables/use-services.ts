import { type InjectionKey, inject } from 'vue'
import type { Api } from '../api/create-api.ts'
import type { Live } from '../api/live.ts'
import type { Flashes } from './use-flashes.ts'
import type { Palette } from './use-palette.ts'
import type { Preferences } from './use-preferences.ts'
import type { Titles } from './use-titles.ts'
import type { Toasts } from './use-toasts.ts'
import type { Undo } from './use-undo.ts'

/** What lives as long as the tab; made in `main.ts`, given to components by Vue. */
export interface Services {
  readonly api: Api
  readonly live: Live
  readonly toasts: Toasts
  readonly undo: Undo
  readonly preferences: Preferences
  readonly titles: Titles
  readonly palette: Palette
  readonly flashes: Flashes
}

export const servicesKey: InjectionKey<Services> = Symbol('services')

export function useServices(): Services {
  const services = inject(servicesKey)
  if (!services) throw new Error('Provide the services before using them.')
  return services
}
