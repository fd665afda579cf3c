import type { ScheduleDefinition } from '@runwaycrm/sdk'
import { matchPath } from '../manifest/match-path.ts'
import type { Points } from '../manifest/point.ts'
import type { Contribution } from './model.ts'

type Schedules = ReadonlyMap<string, Contribution<ScheduleDefinition>>

/**
 * The schedules of a model: those under `schedules`, and one for each cron expression in definitions of points
 * that say where such stand. `t:report` with one at `triggers/monthly/settings/cron` has the schedule
 * `t:report#triggers/monthly/settings/cron`.
 */
export function allSchedules(
  own: Schedules,
  contributions: ReadonlyMap<string, ReadonlyMap<string, Contribution<unknown>>>,
  points: Points,
): Schedules {
  const found = new Map(own)
  for (const { name, plugin, schedules } of points.values()) {
    for (const [pattern, job] of schedules) {
      for (const contribution of contributions.get(name)?.values() ?? []) {
        const { enabled } = contribution.definition as { readonly enabled?: unknown }
        if (enabled === false) continue
        for (const { path, value } of matchPath(contribution.definition, pattern)) {
          if (typeof value !== 'string') continue
          const key = `${contribution.key}#${path.join('/')}`
          const ref = `${contribution.plugin}:${key}`
          const definition = { cron: value, job: `${plugin}:${job}` }
          found.set(ref, { ...contribution, ref, key, definition, overriddenBy: [] })
        }
      }
    }
  }
  return found.size === own.size ? own : found
}
