import { type InjectionKey, inject } from 'vue'
import type { Api } from '../api/create-api.ts'
import type { Live } from '../api/live.ts'
import type { Conflicts } from './use-conflicts.ts'
import type { Flashes } from './use-flashes.ts'
import type { Lanes } from './use-lanes.ts'
import type { Outbox } from './use-outbox.ts'
import type { Palette } from './use-palette.ts'
import type { Preferences } from './use-preferences.ts'
import type { Preview } from './use-preview.ts'
import type { Refusals } from './use-refusals.ts'
import type { Reports } from './use-reports.ts'
import type { Session } from './use-session.ts'
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
  readonly session: Session
  readonly titles: Titles
  readonly palette: Palette
  readonly preview: Preview
  readonly flashes: Flashes
  readonly outbox: Outbox
  readonly lanes: Lanes
  readonly refusals: Refusals
  readonly conflicts: Conflicts
  readonly reports: Reports
}

export const servicesKey: InjectionKey<Services> = Symbol('services')

export function useServices(): Services {
  const services = inject(servicesKey)
  if (!services) throw new Error('Provide the services before using them.')
  return services
}
