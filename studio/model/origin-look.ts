import type { Origin } from '@runwaycrm/sdk'

/** A Lucide icon per kind of hand. */
const icons: Readonly<Record<Origin, string>> = {
  person: 'user-round',
  import: 'upload',
  integration: 'plug',
  agent: 'sparkles',
  workflow: 'workflow',
  plugin: 'plug',
  system: 'settings',
  external: 'globe',
  formula: 'sigma',
}
export const originIcon = (origin: Origin): string => icons[origin] ?? 'settings'

/** Whether a value says where it came from without being asked: what no person wrote here. */
export const isMarked = (origin: Origin | undefined): boolean =>
  origin !== undefined && !['person', 'system', 'plugin', 'formula'].includes(origin)
