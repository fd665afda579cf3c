import { readFileSync } from 'node:fs'
import type { FieldTypeHandler, Filter, Manifest, Principal, RoleDefinition } from '@runwaycrm/sdk'
import { handlers as fieldHandlers } from '../../../plugins/platform/fields/server.ts'
import { createTestDatabase, type TestDatabase } from '../../../tests/setup/test-database.ts'
import { buildAbility } from '../../access/build-ability.ts'
import type { RequestContext } from '../../context/request-context.ts'
import { migrate } from '../../database/migrate.ts'
import { createDatabase, type Database } from '../../database/postgres.ts'
import { uuidv7 } from '../../database/uuid.ts'
import { composeModel } from '../../model/compose-model.ts'
import { createLayer, type LayerOrigin } from '../../model/layer.ts'
import type { Entity, Model } from '../../model/model.ts'
import { createWriter, type Writer, type WriterDeps } from '../change-set.ts'
import { type Codecs, createCodecs } from '../fields.ts'
import { createReader, type Reader } from '../read.ts'

const root = new URL('../../../', import.meta.url)
const plugins = [
  'platform/fields',
  'platform/views',
  'platform/people',
  'platform/tasks',
  'crm/accounts',
  'crm/contacts',
  'crm/products',
  'crm/campaigns',
  'crm/leads',
  'crm/opportunities',
  'crm/activities',
]

function readLayer(path: string, origin: LayerOrigin) {
  return createLayer(JSON.parse(readFileSync(new URL(path, root), 'utf8')), origin)
}

/** What the CRM does not have: relations that restrict and cascade, numbers, JSON, a secret price. */
const shop: Manifest = {
  id: 'test.shop',
  version: '1.0.0',
  contract: 1,
  title: 'Shop',
  tier: 'trusted',
  requires: { 'platform.fields': '^1.0.0', 'crm.accounts': '^1.0.0' },
  contributes: {
    entities: {
      order: {
        label: 'Order',
        labelPlural: 'Orders',
        plural: 'orders',
        titleField: 'name',
        fields: {
          name: { type: 'text', required: true, maxLength: 40 },
          number: { type: 'autoNumber' },
          account: { type: 'relation', to: 'crm.accounts:account', onDelete: 'restrict' },
          margin: { type: 'currency' },
          stamp: { type: 'text', readOnly: true },
          details: { type: 'json' },
          placedAt: { type: 'dateTime' },
          rank: { type: 'integer', default: 3 },
        },
      },
      line: {
        label: 'Line',
        labelPlural: 'Lines',
        plural: 'lines',
        titleField: 'text',
        fields: {
          text: { type: 'text', required: true },
          order: { type: 'relation', to: 'test.shop:order', onDelete: 'cascade' },
          amount: { type: 'integer', min: 0, max: 100 },
        },
      },
    },
  },
}

/** An organisation's own object and a field on somebody else's entity. */
const own: Manifest = {
  id: 't',
  version: '1.0.0',
  contract: 1,
  title: 'Own',
  tier: 'declarative',
  requires: { 'platform.fields': '^1.0.0', 'crm.leads': '^1.0.0', 'crm.accounts': '^1.0.0' },
  contributes: {
    entities: {
      house: {
        label: 'House',
        labelPlural: 'Houses',
        plural: 'houses',
        titleField: 'name',
        fields: {
          name: { type: 'text', required: true },
          rooms: { type: 'integer' },
          price: { type: 'currency' },
          account: { type: 'relation', to: 'crm.accounts:account' },
          tags: { type: 'tags' },
        },
      },
    },
    fields: {
      region: { entity: 'crm.leads:lead', field: { type: 'text', label: 'Region' } },
      budget: { entity: 'crm.leads:lead', field: { type: 'currency', label: 'Budget' } },
    },
  },
}

export const testModel: Model = composeModel([
  readLayer('kernel/kernel.json', 'kernel'),
  ...plugins.map((plugin) => readLayer(`plugins/${plugin}/plugin.json`, 'plugin')),
  createLayer(shop, 'plugin'),
  createLayer(own, 'own'),
])

export const testCodecs: Codecs = createCodecs((typeRef) => {
  const type = testModel.contributions.get('fieldTypes')?.get(typeRef)
  if (!type) throw new Error(`There is no field type ${typeRef}.`)
  const name = (type.definition as { handler: string }).handler
  return (fieldHandlers as unknown as Record<string, FieldTypeHandler>)[name] as FieldTypeHandler
})

export function entityOf(ref: string): Entity {
  const entity = testModel.entities.get(ref) ?? testModel.entityByPlural.get(ref)
  if (!entity) throw new Error(`There is no entity ${ref}.`)
  return entity
}

export interface RecordsFixture {
  readonly db: Database
  readonly test: TestDatabase
  readonly reader: Reader
  readonly writer: Writer
  close(): Promise<void>
}

export async function openFixture(deps: Partial<WriterDeps> = {}): Promise<RecordsFixture> {
  const test = await createTestDatabase()
  await migrate({ ...test, model: testModel })
  const db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  const reader = createReader({ db, codecs: testCodecs })
  const writer = createWriter({ db, codecs: testCodecs, reader, ...deps })
  return {
    db,
    test,
    reader,
    writer,
    async close() {
      await db.close()
      await test.drop()
    },
  }
}

/** As a role has them, without the types that the schema gives to lists. */
type Rules = Readonly<
  Record<
    string,
    {
      readonly effect?: 'allow' | 'deny'
      readonly operations: readonly string[]
      readonly entity: string
      readonly fields?: readonly string[]
      readonly scope?: 'own' | 'team' | 'all'
      readonly condition?: Filter
    }
  >
>

export interface TestActor {
  readonly orgId: string
  readonly userId?: string | null
  /** Roles of the model by reference. */
  readonly roles?: readonly string[]
  /** Rules of a role made for the test. */
  readonly rules?: Rules
  readonly permissions?: readonly string[]
  readonly type?: Principal['type']
  readonly door?: RequestContext['door']
  readonly now?: Date
}

/** A context for an actor; without roles and rules, the system. */
export function contextFor(actor: TestActor): RequestContext {
  const { orgId, userId = null, roles, rules, permissions } = actor
  const isSystem = !roles && !rules
  const principal: Principal = {
    type: actor.type ?? (isSystem ? 'system' : 'user'),
    id: userId,
    name: isSystem ? 'System' : 'Ann',
    userId,
    roles: roles ?? [],
    teammates: userId ? [userId] : [],
    scopes: null,
  }
  const org = {
    id: orgId,
    slug: 'acme',
    name: 'Acme',
    plan: 'free',
    currency: 'USD',
    country: 'US',
    timeZone: 'UTC',
    locale: 'en',
  }
  const made = { label: 'Test', rules: rules ?? {}, permissions: [...(permissions ?? [])] }
  const ability = buildAbility({
    principal,
    roles: [
      ...(roles ?? []).map((ref) => ({ ref, definition: testModel.roles.get(ref)!.definition })),
      ...(rules ? [{ ref: 'test:role', definition: made as unknown as RoleDefinition }] : []),
    ],
    all: isSystem,
    entities: testModel.entities,
    org,
  })
  return Object.freeze({
    org,
    principal,
    ability,
    model: testModel,
    door: actor.door ?? 'api',
    traceId: 'test',
    now: actor.now ?? new Date('2026-03-01T09:30:00.000Z'),
    signal: new AbortController().signal,
    tx: null,
    changeSet: null,
    draft: false,
  })
}

export const newOrgId = (): string => uuidv7()
