import type { RecordData } from '@runwaycrm/sdk'
import type { RequestContext } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import { isJsonObject, type JsonObject } from '../model/leaf.ts'
import type { Entity, Field, Model } from '../model/model.ts'
import type { NamedUse } from '../model/plan-uses.ts'
import { type UsedThing, usesOfDefinition } from '../model/uses.ts'
import type { Reader } from '../records/read.ts'

export interface UsesElsewhereDeps {
  readonly db: Pick<Database, 'query'>
  readonly reader: Pick<Reader, 'list'>
  /** The organisation as it is published, with all rights. */
  systemContext(orgId: string): Promise<RequestContext>
}

/** A key that works. Scopes are null when it has all that its roles give. */
export interface WorkingKey {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[] | null
}

/** Of one entity; there is nobody who saves more views than that. */
const mostRecords = 2_000

/**
 * What names parts of the model without being in it: definitions that people keep as records (saved views,
 * dashboards), and keys with their scopes.
 */
export function createUsesElsewhere({ db, reader, systemContext }: UsesElsewhereDeps) {
  return async (orgId: string): Promise<NamedUse[]> => {
    const ctx = await systemContext(orgId)
    const kept = [...ctx.model.entities.values()].flatMap((entity) =>
      [...entity.fields.values()].flatMap((field) =>
        field.definition.point && field.storage.in !== 'computed' ? [{ entity, field }] : [],
      ),
    )
    const uses = await Promise.all(kept.map((one) => usesOfRecords(ctx, one.entity, one.field)))
    const keys = await workingKeys(db, orgId)
    return [...uses.flat(), ...keys.flatMap((key) => usesOfKey(ctx.model, key))]
  }

  async function usesOfRecords(
    ctx: RequestContext,
    entity: Entity,
    field: Field,
  ): Promise<NamedUse[]> {
    const found: NamedUse[] = []
    let cursor: string | null = null
    for (let read = 0; read < mostRecords; read += 200) {
      const query = { limit: 200, ...(cursor !== null && { cursor }) }
      const { data, page } = await reader.list(ctx, entity, query)
      for (const record of data) found.push(...usesOfRecord(ctx.model, entity, field, record))
      cursor = page.nextCursor
      if (cursor === null) break
    }
    return found
  }
}

export async function workingKeys(
  db: Pick<Database, 'query'>,
  orgId: string,
): Promise<readonly WorkingKey[]> {
  const text = 'select id, name, roles, scopes from kernel.working_keys()'
  return (await db.query<WorkingKey>(orgId, { text, values: [] })).rows
}

function usesOfRecord(model: Model, entity: Entity, field: Field, record: RecordData): NamedUse[] {
  const { of: point, without = [] } = field.definition.point!
  const body = record[field.apiName]
  if (!isJsonObject(body)) return []
  // The entity stands beside the body then, under whatever name.
  const about = without.includes('entity')
    ? Object.values(record).find((value) => model.entities.has(value as string))
    : undefined
  const definition: JsonObject = { ...body, ...(about !== undefined && { entity: about }) }
  // What is one person's alone is told without its name.
  const label = entity.definition.private ? entity.definition.label : record[entity.titleField]
  const ref = `${entity.ref}/${record.id}`
  return usesOfDefinition(model, point, ref, entity.plugin, definition).map((use) => ({
    ...use,
    label: typeof label === 'string' ? label : entity.definition.label,
  }))
}

function usesOfKey(model: Model, { id, name, roles, scopes }: WorkingKey): NamedUse[] {
  const things: UsedThing[] = [
    ...roles.map((ref) => ({ point: 'roles', ref })),
    ...(scopes ?? []).flatMap((scope): UsedThing[] => {
      if (scope.startsWith('actions:')) {
        return [{ point: 'actions', ref: scope.slice('actions:'.length) }]
      }
      const entity = model.entityByPlural.get(scope.slice(0, scope.lastIndexOf(':')))
      return entity ? [{ point: 'entities', ref: entity.ref }] : []
    }),
  ]
  return things.map((of) => ({ point: 'keys', ref: id, label: name, path: [], of }))
}
