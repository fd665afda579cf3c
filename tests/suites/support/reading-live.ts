import { setTimeout as sleep } from 'node:timers/promises'
import type { Entity } from '../../../kernel/model/model.ts'
import type { Cells } from './cells.ts'
import { type LiveMessage, type LiveSocket, openLive } from './live-socket.ts'
import type { Facts } from './oracle.ts'
import { succeed } from './own-layer.ts'
import type { Person } from './people.ts'
import type { Setting } from './permission-setting.ts'
import { sampleValues } from './sample-values.ts'

interface Update {
  readonly entity: Entity
  readonly id: string
  readonly before: Facts
}
interface Notice extends LiveMessage {
  readonly event: string
  readonly id: string
  readonly fields: readonly string[]
}

/**
 * Everybody listens to everything while an admin changes records: each hears of those that they see, with
 * the names of those fields that they see.
 */
export async function checkLive(setting: Setting, cells: Cells, perEntity: number): Promise<void> {
  const { app, people, model } = setting
  const address = await app.listen()
  const sockets = new Map<Person, LiveSocket>()
  for (const person of people) {
    const socket = await openLive(address, person.caller.headers)
    sockets.set(person, socket)
    for (const { ref, plural } of model.entities.values()) {
      socket.say({ type: 'subscribe', id: ref, topics: [{ entity: plural }] })
      const { type } = await socket.until(({ id }) => id === ref)
      const isHeard = person.oracle.ever('read', ref)
      cells.compare('live', `${person.name} on ${plural}`, type, isHeard ? 'subscribed' : 'error')
    }
  }
  const updates: Update[] = []
  for (const entity of model.entities.values()) {
    updates.push(...(await changeSome(setting, entity, perEntity)))
  }
  const admin = sockets.get(people.find(({ name }) => name === 'admin')!)!
  for (const { id } of updates) await admin.until((message) => isUpdate(message, id))
  for (const entity of model.entities.values()) await setting.load(entity)
  for (const [person, socket] of sockets) {
    for (const { entity, id } of updates) {
      const after = setting.living.get(entity.ref)!.get(id)!
      const isSeen = person.oracle.may('read', entity.ref, after)
      if (isSeen) await socket.until((message) => isUpdate(message, id))
    }
  }
  // Time for whatever should not come.
  await sleep(500)
  for (const [person, socket] of sockets) {
    for (const update of updates) compare(setting, cells, person, socket, admin, update)
    socket.close()
  }
}

async function changeSome(setting: Setting, entity: Entity, most: number): Promise<Update[]> {
  const { world, model, members, living } = setting
  if (entity.definition.private) return []
  const some = [...living.get(entity.ref)!.values()].filter(({ id }) => !members.has(id as string))
  const updates: Update[] = []
  for (const before of some.slice(0, most)) {
    const id = before['id'] as string
    const values = sampleValues(entity, model, world.source)
    // Of what only the platform writes nobody changes anything.
    if (Object.keys(values).length === 0) return []
    await succeed(world.key.call('PATCH', `/${entity.plural}/${id}`, values))
    updates.push({ entity, id, before })
  }
  return updates
}

function isUpdate(message: LiveMessage, id: string): boolean {
  return message.type === 'event' && message['id'] === id && message['event'] !== 'record.created'
}

function compare(
  { living }: Setting,
  cells: Cells,
  person: Person,
  socket: LiveSocket,
  admin: LiveSocket,
  { entity, id, before }: Update,
): void {
  const { ref, plural } = entity
  const { oracle } = person
  const after = living.get(ref)!.get(id)!
  const heard = socket.messages.filter((message) => isUpdate(message, id)) as Notice[]
  const whole = admin.messages.find((message) => isUpdate(message, id)) as Notice
  const where = `${person.name} on ${plural} ${id}`
  if (oracle.may('read', ref, after)) {
    const fields = whole.fields.filter((name) => oracle.may('read', ref, after, name))
    cells.compare(
      'live',
      where,
      heard.map(({ event }) => event),
      ['record.updated'],
    )
    cells.compare('live', `${where} fields`, heard[0]?.fields, fields)
    return
  }
  // Whether it left or was never seen is told by what they could see before, at most.
  const told = heard.filter(
    ({ event, fields }) =>
      event !== 'record.removed' || fields.length > 0 || !oracle.may('read', ref, before),
  )
  cells.compare('live', where, told, [])
}
