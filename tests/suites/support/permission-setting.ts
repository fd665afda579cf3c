import path from 'node:path'
import type { FieldDefinition } from '@runwaycrm/sdk'
import pg from 'pg'
import type { Entity, Model } from '../../../kernel/model/model.ts'
import type { Seeded } from '../../../kernel/records/testing/seeded.ts'
import { startApp, type TestApp } from '../../setup/test-app.ts'
import type { Computation, Facts, OracleWorld } from './oracle.ts'
import { publish, succeed } from './own-layer.ts'
import { createPeople, type Person } from './people.ts'
import { auditor, narrow } from './permission-roles.ts'
import { randomRole } from './random-roles.ts'
import { writableFields } from './sample-values.ts'
import { createWorld, isFormless, type World } from './world.ts'

/** One organisation, its records as they are, and people of many kinds. */
export interface Setting {
  readonly app: TestApp
  readonly admin: pg.Client
  readonly world: World
  readonly model: Model
  readonly random: Seeded
  readonly people: readonly Person[]
  /** Records of those whose rights must not change under way, the people and their teammates. */
  readonly members: ReadonlySet<string>
  /** Records as an admin reads them, living and deleted, by entity reference. */
  readonly living: ReadonlyMap<string, Map<string, Facts>>
  readonly deleted: ReadonlyMap<string, Map<string, Facts>>
  /** Reads the facts of one entity again. */
  load(entity: Entity): Promise<void>
  stop(): Promise<void>
}

const plugins = path.join(import.meta.dirname, 'plugins')
const perEntity = 6

export async function createSetting(random: Seeded, randomRoles: number): Promise<Setting> {
  const app = await startApp({}, [plugins])
  const admin = new pg.Client({ connectionString: app.database.adminUrl })
  await admin.connect()
  // Nobody is told of anything: what plugins made of it meanwhile no oracle would know of.
  app.house.relay.subscribe('plugins', () => {})
  const world = await createWorld(app, admin, 'p')
  const living = new Map<string, Map<string, Facts>>()
  const deleted = new Map<string, Map<string, Facts>>()
  let model = await world.model()

  async function load(entity: Entity): Promise<void> {
    living.set(entity.ref, await readAll(world, entity, ''))
    deleted.set(entity.ref, await readAll(world, entity, '&deleted=only'))
  }

  const facts: OracleWorld = {
    entities: new Map(
      [...model.entities.values()].map((entity) => [entity.ref, oracleEntity(entity)]),
    ),
    find: (entity, id) => living.get(entity)?.get(id),
    all: (entity) => living.get(entity)?.values() ?? [],
  }
  const platform = createPeople(app, world, facts, model.roles)
  const team = await succeed<{ id: string }>(world.key.call('POST', '/teams', { name: 'North' }))
  const ids: Record<string, string> = {}
  for (const name of ['editor', 'viewer', 'rep', 'mate']) {
    const role = name === 'mate' ? 'rep' : name
    const inTeam = name === 'rep' || name === 'mate' ? team.id : null
    ids[name] = await platform.hire(name, [`platform.people:${role}`], inTeam)
  }
  const owners = [world.userId, ids['rep']!, ids['mate']!, ids['editor']!, null]
  for (const entity of model.entities.values()) {
    for (let count = 0; count < perEntity; count++) {
      await makeVaried(world, entity, random, owners)
    }
    const gone = await makeVaried(world, entity, random, owners)
    await world.key.call('DELETE', `/${entity.plural}/${gone}`)
  }
  for (const entity of model.entities.values()) await load(entity)

  const recordsOf = (ref: string) => [...(living.get(ref)?.values() ?? [])]
  const roles: Record<string, object> = { auditor, narrow }
  for (let count = 0; count < randomRoles; count++) {
    roles[`random${count}`] = randomRole(random, model, recordsOf)
  }
  await publish(world.key, { roles })
  model = await world.model()
  const custom = createPeople(app, world, facts, model.roles)
  const people: Person[] = []
  const join = async (name: string, refs: string[], teammates?: string[]) => {
    const userId = ids[name] ?? (await custom.hire(name, refs))
    people.push(await custom.member(name, refs, { userId, teammates: teammates ?? [userId] }))
  }
  ids['admin'] = world.userId
  await join('admin', ['platform.people:admin'])
  await join('editor', ['platform.people:editor'])
  await join('viewer', ['platform.people:viewer'])
  await join('rep', ['platform.people:rep'], [ids['rep']!, ids['mate']!])
  await join('auditor', ['t:auditor'])
  await join('narrow', ['t:narrow'])
  await join('mixed', ['platform.people:viewer', 't:auditor'])
  for (let count = 0; count < randomRoles; count++) {
    const second = count % 2 === 1 ? ['t:narrow'] : []
    await join(`random${count}`, [`t:random${count}`, ...second])
  }
  const scopes = ['leads:read', 'leads:write', 'accounts:read', 'properties:read', 'actions:*']
  people.push(await custom.key('narrow key', 'platform.people:editor', scopes))
  people.push(await custom.key('auditor’s key', 't:auditor', ['*:read', '*:write', 'actions:*']))
  // Members are records too, and some joined since.
  await load(model.entities.get('kernel:user')!)
  // What changes by itself when an hour is full is nobody's doing here.
  await admin.query("update directory.schedule set due = 'infinity' where org_id = $1", [
    world.orgId,
  ])

  return {
    app,
    admin,
    world,
    model,
    random,
    people,
    members: new Set([...Object.values(ids), ...people.flatMap(({ userId }) => userId ?? [])]),
    living,
    deleted,
    load,
    async stop() {
      await admin.end()
      await app.stop()
    },
  }
}

function oracleEntity(entity: Entity) {
  const fields = new Map(
    [...entity.byApiName.values()].map(
      ({ apiName, definition, key, target, storage, typeDefinition }) => [
        apiName,
        {
          key,
          target,
          many: typeDefinition.kind === 'relations',
          template: storage.in === 'computed' ? storage.template : null,
          computation: computationOf(definition),
        },
      ],
    ),
  )
  const { private: own = null, shownTo: to } = entity.definition
  const shownTo = to ? { members: to.members ?? [], admins: to.admins ?? false } : null
  const { shared, roles = '' } = entity.definition.audience ?? {}
  const audience = shared === undefined ? null : { shared, roles }
  return { plural: entity.plural, own, shownTo, audience, fields }
}

function computationOf({ formula, lookup, rollup }: FieldDefinition): Computation | null {
  if (formula !== undefined) return { by: 'formula', joined: formula.split(' & ') }
  if (lookup) return { by: 'lookup', through: `${lookup.through}Id`, field: lookup.field }
  if (!rollup) return null
  const most = 'max' in rollup.measure ? { most: rollup.measure.max } : {}
  return { by: 'rollup', from: rollup.from, through: `${rollup.through}Id`, ...most }
}

async function readAll(world: World, entity: Entity, more: string): Promise<Map<string, Facts>> {
  if (entity.definition.private) return readPrivate(world, entity, more !== '')
  const { data } = await succeed<{ data: { id: string }[] }>(
    world.key.call('GET', `/${entity.plural}?limit=200${more}`),
  )
  return new Map(data.map((record) => [record.id, record]))
}

/** What no key sees, through the platform itself. */
async function readPrivate({ app, orgId }: World, entity: Entity, deleted: boolean) {
  const ctx = await app.house.contexts.system(orgId)
  const query = { limit: 200, ...(deleted ? { deleted: 'only' as const } : {}) }
  const { data } = await app.house.reader.list(ctx, entity, query)
  return new Map(data.map((record) => [record.id, record as Facts]))
}

/** A record with some fields blank, any option, any owner, and a change of it in its past. */
async function makeVaried(
  world: World,
  entity: Entity,
  random: Seeded,
  owners: readonly (string | null)[],
): Promise<string> {
  if (entity.ref === 'platform.api-keys:key' || entity.definition.private || isFormless(entity))
    return world.makeRecord(entity)
  const varied = async (blanks: number) => {
    const values: Record<string, unknown> = { ...(await world.values(entity)) }
    for (const { apiName, definition, required } of writableFields(entity)) {
      const options = Object.keys(definition.options ?? {})
      if (options.length > 0 && typeof values[apiName] === 'string') {
        values[apiName] = random.pick(options)
      }
      if (!required && random.chance(blanks)) values[apiName] = null
    }
    return { ...values, ownerId: random.pick(owners) }
  }
  const { id } = await succeed<{ id: string }>(
    world.key.call('POST', `/${entity.plural}`, await varied(0.1)),
  )
  await succeed(world.key.call('PATCH', `/${entity.plural}/${id}`, await varied(0.25)))
  return id
}
