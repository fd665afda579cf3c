import type { FieldValues } from '@runwaycrm/sdk'
import type { Model } from '../model/model.ts'
import { defaultsIn } from '../model/settings.ts'

/**
 * The settings of a plugin, defaults filled in.
 *
 * @param set What somebody set, by reference of the contribution.
 * @param key Of one contribution under `settings`; without it all of the plugin's together.
 * @throws RangeError for a key that the plugin does not contribute.
 */
export function readSettings(
  model: Model,
  plugin: string,
  set: ReadonlyMap<string, FieldValues>,
  key?: string,
): FieldValues {
  const own = [...model.settings.values()].filter(
    (contribution) =>
      contribution.plugin === plugin && (key === undefined || contribution.key === key),
  )
  if (key !== undefined && own.length === 0) {
    throw new RangeError(`${plugin} contributes no settings "${key}".`)
  }
  return Object.freeze(
    Object.assign(
      {},
      ...own.map(({ ref, definition }) => ({
        ...structuredClone(defaultsIn(definition.schema)),
        ...set.get(ref),
      })),
    ),
  ) as FieldValues
}
