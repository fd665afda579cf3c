import type { EntityInfo } from '@runwaycrm/sdk'
import fc from 'fast-check'
import { brokenTexts, contentTypes } from './broken-bodies.ts'
import { define, nest, objectsIn, replaceAt } from './mutate.ts'
import { asOtherType, nastyKeys, nastyNumbers, nastyTexts, nastyValues } from './nasty-values.ts'
import type { JsonSchema, ModelView, OpenApiDocument, Operation } from './open-api.ts'
import { pathId, type QueryValues, queryValuesOf } from './query-values.ts'
import { idOf, type Values, valuesOf } from './schema-values.ts'
import { uploadSpecs } from './upload-values.ts'

/** A request before it is sent: `⟦kind:n⟧` stands for something that an earlier answer brought. */
export interface Plan {
  readonly operation: string
  readonly mode: Mode
  readonly who: 'session' | 'key' | 'rep' | 'nobody'
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | null
}

export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string | null }
  | { readonly kind: 'upload'; readonly spec: string; readonly file: string }

/** How a request differs from one that is right. */
export const modes = [
  'valid',
  'broken field',
  'other type',
  'boundary',
  'unicode',
  'missing',
  'more keys',
  'deep',
  'twice the key',
  'broken text',
  'content type',
  'query',
  'address',
  'method',
  'headers',
] as const
export type Mode = (typeof modes)[number]

export interface Surface {
  readonly document: OpenApiDocument
  readonly model: ModelView
  readonly operations: readonly Operation[]
}

/** Makes plans for the operations of a surface. */
export function createPlans({ document, model, operations }: Surface) {
  const { schemas } = document.components
  const queries = new Map<string, QueryValues>()

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
    const values = valuesOf(operation.body, schemas, entity?.plural ?? '')
    if (!entity || !path.endsWith('/bulk')) return values
    const upsertBy = queryValues(entity).by
    return fc.tuple(values, upsertBy, fc.boolean()).map(([value, by, isAtomic]) => {
      const bulk = { ...(value as Record<string, unknown>), atomic: isAtomic }
      return 'upsert' in bulk ? { ...bulk, upsert: { ...(bulk.upsert as object), by } } : bulk
    })
  }

  function valid(operation: Operation): fc.Arbitrary<Plan> {
    const parameters = Object.fromEntries(
      operation.query.map(({ name, schema }) => [name, parameter(operation, name, schema)]),
    )
    const values = body(operation)
    return fc
      .record({
        id: pathId(operation),
        ref: fc.constantFrom(...model.actions.map(({ ref }) => ref)),
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
        ({ id, ref, long, query, keyed, who, body: value, spec, file }): Plan => ({
          operation: operation.name,
          mode: 'valid' as const,
          who,
          method: operation.method,
          path: address(operation, long === 0)
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
        .map(([plan, at, which, value]) => ({ ...change(plan, mode, at, which, value), mode })),
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
          valid(operation).map((plan) => ({ ...change(plan, mode, at, which, value), mode })),
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

function change(plan: Plan, mode: Mode, at: number, which: number, value: unknown): Plan {
  const text = nastyTexts[which % nastyTexts.length]!
  const key = nastyKeys[which % nastyKeys.length]!
  const onValue = (make: (value: unknown) => unknown): Plan => {
    if (plan.body?.kind === 'json') {
      return { ...plan, body: { kind: 'json', value: make(plan.body.value) } }
    }
    if (plan.body?.kind === 'upload') {
      const spec = JSON.stringify(make(JSON.parse(plan.body.spec))) ?? ''
      return { ...plan, body: { ...plan.body, spec } }
    }
    // What takes no body gets one.
    return plan.method === 'GET'
      ? withQuery(plan, at, text)
      : { ...plan, body: { kind: 'json', value: make({}) } }
  }
  switch (mode) {
    case 'valid':
      return plan
    case 'broken field':
      return onValue((body) => replaceAt(body, at, () => value))
    case 'other type':
      return onValue((body) => replaceAt(body, at, (former) => asOtherType(former, which)))
    case 'boundary':
      return onValue((body) =>
        replaceAt(body, at, (former) =>
          typeof former === 'string'
            ? 'x'.repeat([0, 1, 63, 64, 254, 255, 500, 501, 100_001][which % 9]!)
            : nastyNumbers[which % nastyNumbers.length],
        ),
      )
    case 'unicode':
      return onValue((body) => replaceAt(body, at, () => text))
    case 'missing':
      return onValue((body) => {
        const copy = structuredClone(body)
        const objects = objectsIn(copy)
        const object = objects[at % objects.length]
        const names = Object.keys(object ?? {})
        if (object && names.length > 0) delete object[names[which % names.length]!]
        return copy
      })
    case 'more keys':
      return onValue((body) => {
        const copy = structuredClone(body)
        const objects = objectsIn(copy)
        if (objects.length > 0) define(objects[at % objects.length]!, key, value)
        return copy
      })
    case 'deep':
      return onValue((body) =>
        replaceAt(body, at, (former) =>
          nest(former, 5 + (which % 60), ['', 'a', '$not', '$and'][at % 4]!),
        ),
      )
    case 'twice the key':
    case 'broken text': {
      const json = JSON.stringify(plan.body?.kind === 'json' ? plan.body.value : { name: 'x' })
      const broken = brokenTexts(json, mode === 'twice the key', which)
      return { ...plan, body: { kind: 'text', text: broken, contentType: 'application/json' } }
    }
    case 'content type': {
      const json = JSON.stringify(plan.body?.kind === 'json' ? plan.body.value : { name: 'x' })
      const contentType = contentTypes[which % contentTypes.length]!.type
      return { ...plan, body: { kind: 'text', text: json, contentType } }
    }
    case 'query':
      return withQuery(plan, at, text)
    case 'address':
      return { ...plan, path: brokenPath(plan.path, at, text) }
    case 'method':
      return {
        ...plan,
        method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'][which % 7]!,
      }
    case 'headers':
      return { ...plan, headers: { ...plan.headers, ...brokenHeader(at, which) } }
  }
}

function withQuery(plan: Plan, at: number, text: string): Plan {
  const names = [
    'filter',
    'sort',
    'fields',
    'expand',
    'limit',
    'cursor',
    'offset',
    'count',
    'deleted',
    'q',
    'entities',
    'page',
    '__proto__',
    'constructor',
    'filter[x]',
    '',
  ]
  const query = [...plan.query]
  const name =
    query.length > 0 && at % 2 === 0 ? query[at % query.length]![0] : names[at % names.length]!
  if (at % 3 === 0) query.push([name, text])
  else query.splice(0, query.length, ...query.filter(([known]) => known !== name), [name, text])
  return { ...plan, query }
}

function brokenPath(path: string, at: number, text: string): string {
  const parts = path.split('/')
  const encoded = encodeURIComponent(text.toWellFormed())
  const odd = [
    '%',
    '%00',
    '%2e%2e',
    '%c0%af',
    '..',
    '.',
    '%ff',
    '%2F',
    ';a=b',
    '*',
    ':id',
    '%25',
    '%E2%80%AE',
    '-',
    'a'.repeat(300),
    '__proto__',
    'constructor',
  ]
  const at1 = 1 + (at % (parts.length - 1))
  parts[at1] = at % 2 === 0 ? encoded : odd[at % odd.length]!
  return at % 5 === 0 ? `${path}/${parts[at1]}` : parts.join('/')
}

function brokenHeader(at: number, which: number): Record<string, string> {
  const values = [
    '',
    ' ',
    '"',
    '"1"',
    'W/"1"',
    '"1","2"',
    '*',
    '""',
    '1',
    '-1',
    '"99999999999999999999"',
    'x'.repeat(300),
    'draft',
    'null',
    '{}',
    'Bearer ',
    'Bearer rk_local_x',
    'Basic YTpi',
    '\u00ff',
    'gzip',
    'chunked',
    '0',
    'http://evil.test',
    'cross-site',
    '127.0.0.1, 10.0.0.1',
    'bytes=0-1',
    '100-continue',
  ]
  const names = [
    'if-match',
    'if-match',
    'idempotency-key',
    'x-runway-revision',
    'authorization',
    'accept',
    'accept-encoding',
    'content-encoding',
    'origin',
    'sec-fetch-site',
    'x-forwarded-for',
    'x-http-method-override',
    'range',
    'if-none-match',
    'host',
    'cookie',
    'x-request-id',
    'content-language',
  ]
  return { [names[at % names.length]!]: values[which % values.length]! }
}
