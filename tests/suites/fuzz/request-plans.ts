import type { EntityInfo } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { breakPlan } from './break-plan.ts'
import { nastyValues } from './nasty-values.ts'
import type { JsonSchema, ModelView, OpenApiDocument, Operation } from './open-api.ts'
import { type Mode, modes, type Plan } from './plan.ts'
import { pathId, type QueryValues, queryValuesOf } from './query-values.ts'
import { idOf, recordOf, type Values, valuesOf } from './schema-values.ts'
import { uploadSpecs } from './upload-values.ts'

type Action = ModelView['actions'][number]

export interface Surface {
  readonly document: OpenApiDocument
  readonly model: ModelView
  readonly operations: readonly Operation[]
}

/** Makes plans for the operations of a surface. */
export function createPlans({ document, model, operations }: Surface) {
  const { schemas } = document.components
  const queries = new Map<string, QueryValues>()
  const sound = new Map<Operation, fc.Arbitrary<Plan>>()

  function queryValues(entity: EntityInfo): QueryValues {
    const known = queries.get(entity.ref)
    if (known) return known
    const made = queryValuesOf(
      entity,
      ({ ref }, field) => {
        const record = schemas[ref.replace(':', '.')] ?? {}
        const properties = (record['properties'] ?? {}) as Record<string, JsonSchema>
        return valuesOf(properties[field] ?? {}, schemas, field)
      },
      (ref) => model.entities.find((other) => other.ref === ref),
    )
    queries.set(entity.ref, made)
    return made
  }

  function parameter(operation: Operation, name: string, schema: JsonSchema): fc.Arbitrary<string> {
    const { entity } = operation
    if (entity) {
      const values = queryValues(entity)
      if (name === 'filter') return values.filter.map((filter) => JSON.stringify(filter))
      if (name === 'sort' || name === 'fields' || name === 'expand') return values[name]
    }
    if (name === 'cursor') return idOf('cursor')
    if (name === 'id' || name === 'userId') return idOf(name === 'id' ? 'leads' : 'users')
    if (name === 'entity' || name === 'entities') {
      return fc.constantFrom(...model.entities.flatMap(({ plural, ref }) => [plural, ref]))
    }
    if (name === 'field') return queryValues(model.entities[0]!).fields
    if (name === 'point') return fc.constantFrom('entities', 'roles', 'views', 'fields')
    if (name === 'ref') return fc.constantFrom(...model.entities.map(({ ref }) => ref))
    if (name === 'action') return fc.constantFrom('read', 'create', 'update', 'delete')
    return valuesOf(schema, schemas, name).map(String)
  }

  function body(operation: Operation): Values | null {
    if (operation.body === null) return null
    const { entity, path } = operation
    if (entity && path.endsWith('/aggregate')) return queryValues(entity).aggregate
    if (path === '/studio/draft') return draftOperations(model)
    if (path === '/studio/publish') {
      return fc.record({ hash: fc.oneof(idOf('hash'), fc.string()), message: fc.string() })
    }
    const plain = (schema: JsonSchema) => valuesOf(schema, schemas, entity?.plural ?? '')
    const action = model.actions.find(({ ref }) => path === `/actions/${ref}`)
    if (action) return callOf(action, plain(action.input))
    if (!entity || !path.endsWith('/bulk')) return plain(operation.body)
    const { by: upsertBy, filter } = queryValues(entity)
    // Deleting whatever matches would leave nothing to ask for.
    const [items, changed] = operation.body['oneOf'] as [JsonSchema, JsonSchema]
    const byItems = fc.tuple(plain(items), upsertBy, fc.boolean()).map(([value, by, isAtomic]) => {
      const bulk = { ...(value as Record<string, unknown>), atomic: isAtomic }
      return 'upsert' in bulk ? { ...bulk, upsert: { ...(bulk.upsert as object), by } } : bulk
    })
    const byFilter = fc
      .tuple(plain(changed), filter)
      .map(([value, wanted]) => ({ ...(value as object), filter: wanted }))
    return fc.oneof({ arbitrary: byItems, weight: 4 }, byFilter)
  }

  /** Its records are named in the input, or beside it. */
  function callOf({ on }: Action, inputs: Values): Values {
    const call = inputs.map((input) => ({ input }))
    if (!on) return call
    const beside = fc.tuple(inputs, recordOf(on.entity)).map(([input, id]) => ({
      input: { ...(input as object), [on.as]: undefined },
      records: { entity: on.entity, ids: [id] },
    }))
    return fc.oneof({ arbitrary: call, weight: 2 }, beside)
  }

  function valid(operation: Operation): fc.Arbitrary<Plan> {
    const known = sound.get(operation) ?? makeValid(operation)
    sound.set(operation, known)
    return known
  }

  function makeValid(operation: Operation): fc.Arbitrary<Plan> {
    const parameters = Object.fromEntries(
      operation.query.map(({ name, schema }) => [name, parameter(operation, name, schema)]),
    )
    const values = body(operation)
    return fc
      .record({
        id: pathId(operation),
        ref: fc.constantFrom(...model.actions.map(({ ref }) => ref)),
        defined: fc.constantFrom(...model.entities.map(({ ref }) => ref)),
        long: fc.integer({ min: 0, max: 9 }),
        query: fc.record(parameters, { requiredKeys: [] }),
        keyed: fc.option(fc.uuid(), { freq: 4 }),
        who: fc.oneof(
          { arbitrary: fc.constant('session' as const), weight: 6 },
          { arbitrary: fc.constant('key' as const), weight: 4 },
          { arbitrary: fc.constant('rep' as const), weight: 2 },
          { arbitrary: fc.constant('nobody' as const), weight: 1 },
        ),
        body: values ?? fc.constant(undefined),
        spec: uploadSpecs,
        file: fc.string({ unit: 'grapheme', maxLength: 60 }),
      })
      .map(
        ({ id, ref, defined, long, query, keyed, who, body: value, spec, file }): Plan => ({
          operation: operation.name,
          mode: 'valid' as const,
          who,
          method: operation.method,
          path: address(operation, long === 0)
            .replace('{point}/{ref}', `entities/${defined}`)
            .replace('{n}', '1')
            .replace('{id}', id)
            .replace('{ref}', ref),
          // A cursor belongs to one list, and goes with no offset: most have none.
          query: Object.entries(query as Record<string, string>).filter(
            ([name]) => name !== 'cursor' || (long === 1 && !('offset' in query)),
          ),
          headers: keyHeader(operation.isKeyed ? keyed : null),
          body: operation.isUpload
            ? { kind: 'upload' as const, spec: JSON.stringify(spec), file: `Name,Email\n${file}` }
            : value === undefined
              ? null
              : { kind: 'json' as const, value },
        }),
      )
  }

  /** Records have a second address, which names their plugin. */
  function address({ entity, path }: Operation, isLong: boolean): string {
    return entity && isLong ? path.replace(`/${entity.plural}`, `/records/${entity.ref}`) : path
  }

  return {
    /** A request to an operation that differs in this way from one that is right. */
    planOf: (operation: Operation, mode: Mode): fc.Arbitrary<Plan> =>
      fc
        .tuple(valid(operation), fc.nat(), fc.nat(), nastyValues)
        .map(([plan, at, which, value]) => ({ ...breakPlan(plan, mode, at, which, value), mode })),
    anyPlan: (): fc.Arbitrary<Plan> => {
      const weights = modes.map((mode) => ({
        arbitrary: fc.constant(mode),
        weight: mode === 'valid' ? 10 : 1,
      }))
      return fc
        .tuple(
          fc.constantFrom(...operations),
          fc.oneof(...weights),
          fc.nat(),
          fc.nat(),
          nastyValues,
        )
        .chain(([operation, mode, at, which, value]) =>
          valid(operation).map((plan) => ({ ...breakPlan(plan, mode, at, which, value), mode })),
        )
    },
  }
}

function keyHeader(key: string | null): Readonly<Record<string, string>> {
  return key === null ? {} : { 'idempotency-key': key }
}

/** Draft operations on what there is. */
function draftOperations(model: ModelView): Values {
  const targets = model.entities.map(({ ref }) => ref)
  const key = fc.constantFrom(
    'label',
    'fields',
    'entities',
    'car',
    'name',
    'wheels',
    'views',
    'roles',
  )
  return fc.record({
    ops: fc.array(
      fc.record(
        {
          op: fc.constantFrom('set', 'unset'),
          target: fc.constantFrom(...targets),
          path: fc.array(key, { minLength: 1, maxLength: 4 }),
          from: fc.jsonValue({ maxDepth: 1 }),
          value: fc.oneof(
            fc.constant({ label: 'Wheels', type: 'platform.fields:number' }),
            fc.constant({ label: 'Car', labelPlural: 'Cars', plural: 'cars', titleField: 'name' }),
            fc.jsonValue({ maxDepth: 2 }),
          ),
        },
        { requiredKeys: ['op', 'path'] },
      ),
      { maxLength: 3 },
    ),
  })
}
