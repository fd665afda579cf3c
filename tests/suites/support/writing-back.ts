import type { Entity, Field } from '../../../kernel/model/model.ts'
import type { Facts } from './oracle.ts'
import { succeed } from './own-layer.ts'
import type { Setting } from './permission-setting.ts'
import { ask, type Look, nameOf, type Reply } from './reading.ts'
import { sampleValue } from './sample-values.ts'
import { brief, type Outcome } from './writing.ts'

interface Conflict {
  readonly field: string | null
  readonly then?: unknown
  readonly now?: unknown
}

/** Taking back what an admin did: only whoever could have done it, and nobody learns more from it. */
export async function checkRevert(look: Look): Promise<void> {
  const { cells, entity, setting } = look
  const { ref } = entity
  const [field] = [...entity.fields.values()]
    .filter(({ readOnly, unique, storage }) => !readOnly && !unique && storage.in !== 'computed')
    .filter(({ key }) => ref !== 'kernel:user' || !['team', 'roles', 'active'].includes(key))
    .sort(() => setting.random.next() - 0.5)
  if (!field || ref === 'platform.api-keys:key' || entity.definition.private) return
  // What follows a write belongs to its change set: taking it back takes more records back.
  const hooks = setting.model.hooks.get(ref) ?? []
  if (hooks.some(({ definition }) => definition.after !== undefined)) return
  const created = await record(setting, entity)
  const change = await changed(setting, entity, created, field)
  if (change === null) return
  const facts = await succeed<Facts>(setting.world.key.call('GET', `/${entity.plural}/${created}`))
  const revert = (id: string, body: object) => ask(look, 'POST', `/changes/${id}/revert`, body)

  const where = nameOf(look, field.apiName)
  const dry = await revert(change, { dryRun: true })
  const expected = expectedRevert(look, facts, field)
  cells.compare('revert', where, brief(dry), expected)
  if (dry.status === 200) {
    const { reverted, conflicts } = dry.body as { reverted: number; conflicts: Conflict[] }
    cells.compare('revert', where, { reverted, conflicts }, { reverted: 1, conflicts: [] })
  }

  // What came after the creation is in the way of taking that back, and is told as they see it.
  const { data } = await succeed<{ data: { changeId: string; op: string }[] }>(
    setting.world.key.call('GET', `/${entity.plural}/${created}/history?limit=200`),
  )
  const creation = data.find(({ op }) => op === 'create')!.changeId
  const skipped = await revert(creation, { dryRun: true, onConflict: 'skip' })
  checkConflicts(look, facts, skipped, where)
  await succeed(setting.world.key.call('DELETE', `/${entity.plural}/${created}`))
}

function expectedRevert({ entity, person }: Look, facts: Facts, { apiName }: Field): Outcome {
  const { oracle } = person
  const { ref } = entity
  const refused = { status: 403, code: 'FORBIDDEN' }
  if (!oracle.may('read', ref, facts)) return { status: 404, code: 'NOT_FOUND' }
  if (!oracle.may('update', ref, facts)) return refused
  if (!oracle.ever('read', ref, apiName)) return refused
  if (!oracle.may('update', ref, facts, apiName)) return refused
  const isManaged = ref === 'kernel:user' || ref === 'kernel:team'
  if (isManaged && !oracle.allows('members:manage')) return refused
  return { status: 200, code: null }
}

function checkConflicts(look: Look, facts: Facts, reply: Reply, where: string): void {
  const { cells, entity, person } = look
  if (reply.status !== 200) {
    cells.compare('revert', `${where} created`, [403, 404].includes(reply.status), true)
    return
  }
  const { conflicts } = reply.body as { conflicts: Conflict[] }
  for (const { field, then, now } of conflicts) {
    if (field === null) continue
    const isSeen = person.oracle.may('read', entity.ref, facts, field)
    cells.compare('revert', `${where} conflict names ${field}`, isSeen, true)
    const isTold = (then ?? null) !== null || (now ?? null) !== null
    if (!isSeen) cells.compare('revert', `${where} conflict of ${field}`, isTold, false)
  }
}

async function record({ world }: Setting, entity: Entity): Promise<string> {
  const body = { ...(await world.values(entity)), ownerId: world.userId }
  const url = `/${entity.plural}`
  return (await succeed<{ id: string }>(world.key.call('POST', url, body))).id
}

/** Changes one field as an admin. @returns the change set; null when there is no other value. */
async function changed(
  { world, model }: Setting,
  entity: Entity,
  id: string,
  field: Field,
): Promise<string | null> {
  const options = Object.keys(field.definition.options ?? {})
  const isChoice = field.typeDefinition.kind === 'option'
  const value = isChoice ? options.at(-1) : sampleValue(entity, field, model, world.source)
  const url = `/${entity.plural}/${id}`
  const { version } = await succeed<{ version: number }>(
    world.key.call('PATCH', url, { [field.apiName]: value }),
  )
  if (version === 1) return null
  const { data } = await succeed<{ data: { changeId: string }[] }>(
    world.key.call('GET', `${url}/history?limit=1`),
  )
  return data[0]!.changeId
}
