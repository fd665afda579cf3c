import type { KernelPoint, PointDefinition, Tier } from '@runwaycrm/sdk'
import type { SchemaCheck } from './schema-check.ts'
import { templateCheck } from './template-check.ts'

/** A contribution point, ready to check definitions with. */
export interface Point {
  readonly name: string
  /** Who brings it: `kernel` or the plugin. */
  readonly plugin: string
  readonly label: string
  /** JSON Schema of a definition, with `x-override` marks. */
  readonly schema: object
  readonly tiers: readonly Tier[]
  /** Path pattern to the point that a reference there must be found under. */
  readonly references: readonly (readonly [readonly string[], string])[]
  /** Path patterns at which names of handlers stand. */
  readonly handlers: readonly (readonly string[])[]
  /** Path patterns at which cron expressions stand, to the key of the plugin's job that they run. */
  readonly schedules: readonly (readonly [readonly string[], string])[]
  /** The property that names the role with whose rights a definition acts; null when it acts with nobody's. */
  readonly actsAs: string | null
  readonly check: SchemaCheck
}

/** The points that a model knows, by name. */
export type Points = ReadonlyMap<string, Point>

const allTiers: readonly Tier[] = ['declarative', 'sandboxed', 'trusted']

export function createPoint(
  name: string,
  plugin: string,
  definition: KernelPoint | PointDefinition,
): Point {
  return Object.freeze({
    name,
    plugin,
    label: definition.label,
    schema: definition.schema,
    tiers: (definition.tiers as readonly Tier[] | undefined) ?? allTiers,
    references: Object.entries(definition.references ?? {}).map(
      ([pattern, point]) => [pattern.split('/'), point] as const,
    ),
    handlers: (definition.handlers ?? []).map((pattern) => pattern.split('/')),
    actsAs: 'actsAs' in definition ? (definition.actsAs ?? null) : null,
    schedules: Object.entries('schedules' in definition ? (definition.schedules ?? {}) : {}).map(
      ([pattern, job]) => [pattern.split('/'), job] as const,
    ),
    check: templateCheck(definition.schema),
  })
}
