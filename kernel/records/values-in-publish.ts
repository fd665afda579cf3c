import type { Database } from '../database/postgres.ts'
import type { Bus } from '../events/bus.ts'
import { type ConvertFieldsDeps, convertFieldJob, createFieldConverter } from './convert-fields.ts'
import type { createSlotFiller } from './fill-slots.ts'
import { createOwnUniques } from './own-uniques.ts'

type Converter = ReturnType<typeof createFieldConverter>

/** What a publish means for values that are there: indexes, unique fields, fields of another type. */
export function createValuesInPublish(
  deps: Omit<ConvertFieldsDeps, 'onProgress' | 'db'> & {
    readonly db: Database
    readonly bus: Pick<Bus, 'publish'>
    readonly slots: ReturnType<typeof createSlotFiller>
  },
) {
  const { db, bus, slots } = deps
  const uniques = createOwnUniques({ db })
  const converter = createFieldConverter({
    ...deps,
    onProgress: (orgId, audience, payload) =>
      bus.publish({ kind: 'progress', orgId, topic: convertFieldJob, audience, payload }),
  })
  const inPublish: Converter['inPublish'] = async (tx, orgId, after, before, by) => {
    await slots.inPublish(tx, orgId, after)
    await uniques.inPublish(tx, orgId, after, before)
    await converter.inPublish(tx, orgId, after, before, by)
  }
  const lookAtValues: Converter['lookAtValues'] = async (...models) => [
    ...(await uniques.lookAtValues(...models)),
    ...(await converter.lookAtValues(...models)),
  ]
  return { uniques, converter, inPublish, lookAtValues }
}
