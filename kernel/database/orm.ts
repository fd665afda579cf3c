import { type EntityMetadata, EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import type pg from 'pg'
import type { ColumnSpec, TableSpec } from './entity-tables.ts'

/**
 * MikroORM over table specs. It writes SQL and never runs it on connections of its own: with a client it
 * reads the catalogue inside that client's transaction, without one it only builds statements, which go
 * through `Database` like all others.
 */
export async function openOrm(
  specs: readonly TableSpec[],
  client?: pg.ClientBase,
): Promise<MikroORM> {
  return MikroORM.init({
    entities: specs.map(entitySchema),
    dbName: 'runway',
    driverOptions: dialect(client) as never,
    discovery: { warnWhenNoEntities: false },
    schemaGenerator: {
      ignoreSchema: ['kernel', 'directory', 'ref', 'public'],
      ignoreTriggers: true,
      // Policies are made by kernel.protect.
      ignorePolicies: true,
      createForeignKeyConstraints: false,
    },
  })
}

/** A class of columns as MikroORM calls it; only jsonb is more than text on its way out. */
function entitySchema(spec: TableSpec): EntitySchema {
  const properties: Record<string, unknown> = {}
  for (const column of spec.columns) properties[column.name] = property(column)
  return new EntitySchema({
    name: spec.name,
    tableName: spec.name,
    schema: 'tenant',
    properties,
  } as unknown as EntityMetadata)
}

function property(column: ColumnSpec) {
  return {
    type: column.type === 'jsonb' ? 'json' : 'text',
    columnType: column.type,
    fieldName: column.name,
    nullable: column.nullable,
    primary: column.name === 'org_id' || column.name === 'id',
    ...(column.default === undefined ? {} : { defaultRaw: column.default }),
  }
}

/** The part of Kysely's dialect that MikroORM needs to run SQL on a client that is not its own. */
function dialect(client: pg.ClientBase | undefined) {
  const connection = {
    async executeQuery({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
      if (!client) throw new Error('MikroORM only builds statements here.')
      const result = await client.query(sql, [...parameters])
      return { rows: result.rows, numAffectedRows: BigInt(result.rowCount ?? 0) }
    },
    streamQuery() {
      throw new Error('MikroORM does not stream here.')
    },
  }
  const nothing = async () => {}
  return {
    createDriver: () => ({
      init: nothing,
      destroy: nothing,
      acquireConnection: async () => connection,
      releaseConnection: nothing,
      beginTransaction: nothing,
      commitTransaction: nothing,
      rollbackTransaction: nothing,
    }),
    createQueryCompiler: () => ({}),
    createAdapter: () => ({}),
    createIntrospector: () => ({}),
  }
}
