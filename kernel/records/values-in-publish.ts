import type { Actor, FieldValues } from '@runwaycrm/sdk'
import type { Database, Tx } from '../database/postgres.ts'
import type { Bus } from '../events/bus.ts'
import type { Model } from '../model/model.ts'
import { type ConvertFieldsDeps, convertFieldJob, createFieldConverter } from './convert-fields.ts'
import { createSlotFiller, fillSlotsJob } from './fill-slots.ts'
import { keepAdmins } from './keep-admins.ts'
import { createOwnUniques } from './own-uniques.ts'

type Converter = ReturnType<typeof createFieldConverter>

interface Publisher {
  readonly actor: Actor
  /** Set by a roll back. */
  readonly restores: number | null
}

/** Whoever published hears how far it is. */
const audienceOf = ({ type, id }: Actor) => (type === 'user' ? String(id) : `${type}:${id}`)

/** What a publish means for what is there: admins, indexes, unique fields, fields of another type. */
export function createValuesInPublish(
  deps: Omit<ConvertFieldsDeps, 'onProgress' | 'db'> & {
    readonly db: Database
    readonly bus: Pick<Bus, 'publish'>
    /** Called when an index is complete. */
    readonly onReady: (orgId: string) => void
  },
) {
  const { db, queue, bus, stateOf, onReady } = deps
  const tell =
    (topic: string) =>
    (orgId: string, audience: string, payload: FieldValues): void =>
      bus.publish({ kind: 'progress', orgId, topic, audience, payload })
  const uniques = createOwnUniques({ db })
  const converter = createFieldConverter({ ...deps, onProgress: tell(convertFieldJob) })
  const slots = createSlotFiller({
    db,
    queue,
    modelOf: async (orgId, epoch) => (await stateOf(orgId, epoch)).model,
    onReady,
    onProgress: tell(fillSlotsJob),
  })
  const inPublish = async (tx: Tx, orgId: string, after: Model, before: Model, by: Publisher) => {
    const audience = audienceOf(by.actor)
    await keepAdmins(tx, orgId, after, before)
    await slots.inPublish(tx, orgId, after, audience)
    await uniques.inPublish(tx, orgId, after, before)
    await converter.inPublish(tx, orgId, after, before, { audience, restores: by.restores })
  }
  /** When the layers beneath the organisation's own change. */
  const inChange = async (tx: Tx, orgId: string, after: Model, before: Model) => {
    await keepAdmins(tx, orgId, after, before)
    await uniques.inPublish(tx, orgId, after, before)
  }
  const lookAtValues: Converter['lookAtValues'] = async (...models) => [
    ...(await uniques.lookAtValues(...models)),
    ...(await converter.lookAtValues(...models)),
  ]
  return { uniques, converter, slots, inPublish, inChange, lookAtValues }
}
