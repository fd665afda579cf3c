import { readFileSync } from 'node:fs'
import type { FieldTypeHandler, FieldValues, Principal, RoleRule } from '@runwaycrm/sdk'
import { handlers as fieldHandlers } from '../../../plugins/platform/fields/server.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/setup/test-database.ts'
import { type Ability, buildAbility } from '../../access/build-ability.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { migrate } from '../../database/migrate.ts'
import { createDatabase, type Database } from '../../database/postgres.ts'
import { uuidv7 } from '../../database/uuid.ts'
import { composeModel } from '../../model/compose-model.ts'
import { createLayer } from '../../model/layer.ts'
import type { Entity, Field, Model } from '../../model/model.ts'
import { type Codecs, createCodecs } from '../fields.ts'
import { storageOf } from '../storage-columns.ts'

const readJson = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))

const color = { type: 'select', options: { red: {}, green: {}, blue: {} } }

/** One field of every type, under names that do not tell the type, for properties over all of them. */
const everyType = {
  label: { type: 'text' },
  story: { type: 'longText' },
  mail: { type: 'email' },
  call: { type: 'phone' },
  site: { type: 'url' },
  weight: { type: 'number' },
  legs: { type: 'integer' },
  price: { type: 'currency' },
  share: { type: 'percent' },
  tame: { type: 'boolean' },
  born: { type: 'date' },
  seen: { type: 'dateTime' },
  color,
  colors: { type: 'multiSelect', options: color.options },
  marks: { type: 'tags' },
  details: { type: 'json' },
  stars: { type: 'rating' },
  ...remainingTypes(),
}

/** What the product's own plugin brings besides, each under its own name: `ofIban`. */
function remainingTypes(): Record<string, { readonly type: string }> {
  const { fieldTypes } = readJson('plugins/platform/fields/plugin.json').contributes
  const named =
    /^(text|longText|email|phone|url|number|integer|currency|percent|boolean|date|dateTime)$/
  const special =
    /^(select|multiSelect|tags|json|rating|relation|relations|user|reference|autoNumber|file|files|image|images)$/
  const types = Object.entries<{ storage: string }>(fieldTypes).filter(
    ([key, { storage }]) => storage !== 'computed' && !named.test(key) && !special.test(key),
  )
  return Object.fromEntries(
    types.map(([key]) => [`of${key.charAt(0).toUpperCase()}${key.slice(1)}`, { type: key }]),
  )
}

const zoo = {
  id: 'test.zoo',
  version: '1.0.0',
  contract: 1,
  title: 'Zoo',
  tier: 'trusted' as const,
  requires: { 'platform.fields': '^1.0.0' },
  contributes: {
    entities: {
      animal: {
        label: 'Animal',
        labelPlural: 'Animals',
        plural: 'animals',
        titleField: 'label',
        fields: {
          ...everyType,
          house: { type: 'relation', to: 'test.zoo:house' },
          mother: { type: 'relation', to: 'test.zoo:animal' },
          keeper: { type: 'user' },
          homes: { type: 'relations', to: 'test.zoo:house' },
          about: { type: 'reference' },
          both: { type: 'template', template: '{label} {color}' },
        },
      },
      house: {
        label: 'House',
        labelPlural: 'Houses',
        plural: 'houses',
        titleField: 'name',
        fields: {
          name: { type: 'text' },
          size: { type: 'integer' },
          cost: { type: 'currency' },
          secret: { type: 'text' },
          street: { type: 'relation', to: 'test.zoo:street' },
        },
      },
      street: {
        label: 'Street',
        labelPlural: 'Streets',
        plural: 'streets',
        titleField: 'name',
        fields: { name: { type: 'text' }, size: { type: 'integer' } },
      },
    },
  },
}

/** The same types once more as fields of an organisation, and an entity that has no table of its own. */
const own = {
  id: 't',
  version: '1.0.0',
  contract: 1,
  title: 'Own',
  tier: 'declarative' as const,
  requires: { 'platform.fields': '^1.0.0', 'test.zoo': '^1.0.0' },
  contributes: {
    entities: {
      toy: {
        label: 'Toy',
        labelPlural: 'Toys',
        plural: 'toys',
        titleField: 'label',
        fields: { ...everyType, animal: { type: 'relation', to: 'test.zoo:animal' } },
      },
    },
    fields: Object.fromEntries(
      Object.entries({
        ...everyType,
        homes: { type: 'relations', to: 'test.zoo:house' },
      }).map(([key, field]) => [`x${key}`, { entity: 'test.zoo:animal', field }]),
    ),
  },
}

export const zooModel: Model = composeModel([
  createLayer(readJson('kernel/kernel.json'), 'kernel'),
  createLayer(readJson('plugins/platform/fields/plugin.json'), 'plugin'),
  createLayer(zoo as never, 'plugin'),
  createLayer(own as never, 'own'),
])

export const zooCodecs: Codecs = createCodecs((ref) => {
  const type = zooModel.contributions.get('fieldTypes')!.get(ref)!.definition as { handler: string }
  return (fieldHandlers as unknown as Record<string, FieldTypeHandler>)[type.handler]!
})

export const zooEntity = (plural: string): Entity => zooModel.entityByPlural.get(plural)!

export interface ReadFixture {
  readonly db: Database
  readonly test: TestDatabase
  /** Round trips since the last time it was asked. */
  trips(): number
  /** Writes rows as they would be kept, round the writer. Values are those of the API. */
  insert(
    ctx: RequestContext,
    entity: Entity,
    records: readonly (FieldValues & { readonly id?: string })[],
  ): Promise<string[]>
  close(): Promise<void>
}

export async function openReadFixture(): Promise<ReadFixture> {
  const test = await createTestDatabase()
  await migrate({ ...test, model: zooModel })
  const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  let trips = 0
  const counted: Database = {
    ...db,
    batch(orgId, statements) {
      trips += 1
      return db.batch(orgId, statements)
    },
  }
  return {
    db: counted,
    test,
    trips() {
      const since = trips
      trips = 0
      return since
    },
    insert: (ctx, entity, records) => insertRows(db, ctx, entity, records),
    async close() {
      await db.close()
      await test.drop()
    },
  }
}

async function insertRows(
  db: Database,
  ctx: RequestContext,
  entity: Entity,
  records: readonly (FieldValues & { readonly id?: string })[],
): Promise<string[]> {
  const rows = records.map((record) => rowOf(ctx, entity, record))
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  await db.query(ctx.org.id, {
    text:
      `insert into ${entity.table} (${columns.map((name) => `"${name}"`).join(', ')}) ` +
      `select ${columns.map((name) => `r."${name}"`).join(', ')} ` +
      `from json_populate_recordset(null::${entity.table}, $1::json) r`,
    values: [JSON.stringify(rows)],
  })
  await db.query(ctx.org.id, {
    text: `insert into tenant.link (org_id, entity, field, from_id, to_id)
      select $1, l.entity, l.field, l.from_id, l.to_id from json_populate_recordset(null::tenant.link, $2::json) l`,
    values: [ctx.org.id, JSON.stringify(rows.flatMap((row) => linksOf(entity, row)))],
  })
  return rows.map((row) => String(row['id']))
}

/** What the writer would keep beside the lists. */
function linksOf(entity: Entity, row: Readonly<Record<string, unknown>>) {
  return storageOf(entity).links.flatMap(({ part }) => {
    const custom = row['custom'] as Record<string, unknown>
    const list = part.column === null ? custom[part.ledgerKey] : row[part.column]
    return ((list ?? []) as readonly string[]).map((id) => ({
      entity: entity.ref,
      field: part.ledgerKey,
      from_id: row['id'],
      to_id: id,
    }))
  })
}

function rowOf(ctx: RequestContext, entity: Entity, record: FieldValues): Record<string, unknown> {
  const custom: Record<string, unknown> = {}
  const actor = { type: ctx.principal.type, id: ctx.principal.id, name: ctx.principal.name }
  const row: Record<string, unknown> = {
    org_id: ctx.org.id,
    id: record['id'] ?? uuidv7(),
    version: 1,
    created_at: record['createdAt'] ?? ctx.now.toISOString(),
    updated_at: ctx.now.toISOString(),
    created_by: actor,
    updated_by: actor,
    owner_id: record['ownerId'] ?? null,
    deleted_at: record['deletedAt'] ?? null,
    custom,
    ...(entity.shared ? { entity: entity.ref } : {}),
  }
  for (const field of entity.fields.values()) {
    const value = record[field.apiName]
    if (value !== undefined && value !== null) store(field, value, ctx, row, custom)
  }
  return row
}

function store(
  field: Field,
  value: unknown,
  ctx: RequestContext,
  row: Record<string, unknown>,
  custom: Record<string, unknown>,
): void {
  const parsed = zooCodecs.of(field).parse(value, ctx.org)
  if (!parsed.ok) throw new Error(`${field.key}: ${parsed.problem.message}`)
  const { storage } = field
  const { main, parts } = parsed.value
  if (storage.in === 'computed' || main === null) return
  if (storage.in === 'column') {
    row[storage.column] = main
    for (const [name, part] of Object.entries(storage.parts)) row[part.column] = parts?.[name]
  } else {
    custom[storage.id] = main
    for (const [name, part] of Object.entries(storage.parts)) custom[part.id] = parts?.[name]
  }
}

export interface ZooActor {
  readonly orgId: string
  readonly userId?: string
  readonly teammates?: readonly string[]
  /** Without rules it is the system. */
  readonly rules?: Readonly<Record<string, RoleRule>>
  readonly scopes?: readonly string[]
  readonly timeZone?: string
  readonly now?: Date
}

export function zooContext(actor: ZooActor): RequestContext {
  const { orgId, userId = null, rules, timeZone = 'Europe/Oslo' } = actor
  const principal: Principal = {
    type: rules ? 'user' : 'system',
    id: userId,
    name: 'Ann',
    userId,
    roles: ['test:role'],
    teammates: actor.teammates ?? (userId ? [userId] : []),
    scopes: actor.scopes ?? null,
  }
  const org = {
    id: orgId,
    slug: 'zoo',
    name: 'Zoo',
    plan: 'free',
    currency: 'EUR',
    country: 'NO',
    timeZone,
    locale: 'en',
  }
  const now = actor.now ?? new Date('2026-03-11T09:30:00.000Z')
  return {
    org,
    principal,
    ability: zooAbility(principal, rules, timeZone, now, org),
    model: zooModel,
    door: 'api',
    traceId: 'test',
    now,
    signal: new AbortController().signal,
    tx: null,
    changeSet: null,
    draft: false,
  }
}

function zooAbility(
  principal: Principal,
  rules: Readonly<Record<string, RoleRule>> | undefined,
  timeZone: string,
  now: Date,
  org: RequestContext['org'],
): Ability {
  return buildAbility({
    principal,
    roles: rules ? [{ ref: 'test:role', definition: { label: 'Test', rules } }] : [],
    all: !rules,
    entities: zooModel.entities,
    org: { timeZone },
    parseOperand: (field, part, input) => zooCodecs.parseOperand(field as Field, part, input, org),
    now: () => now,
  })
}

export const newId = (): string => uuidv7()
