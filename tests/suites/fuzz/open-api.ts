import type { EntityInfo } from '@runwaycrm/sdk'

export type JsonSchema = { readonly [keyword: string]: unknown }

/** The part of an OpenAPI document that requests are made from. */
export interface OpenApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> }
}

interface DocumentedOperation {
  readonly parameters: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly schema: JsonSchema
  }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

/** What `GET /model` tells that the document does not: how entities hang together, and the actions. */
export interface ModelView {
  readonly entities: readonly EntityInfo[]
  readonly actions: readonly {
    readonly ref: string
    readonly input: JsonSchema
    readonly on: { readonly entity: string; readonly as: string } | null
  }[]
  readonly roles: readonly { readonly ref: string }[]
}

/** One operation of the document. Actions count one each. */
export interface Operation {
  /** `post /leads/{id}/restore`. */
  readonly name: string
  readonly method: string
  readonly path: string
  readonly query: readonly { readonly name: string; readonly schema: JsonSchema }[]
  readonly isKeyed: boolean
  readonly body: JsonSchema | null
  readonly isUpload: boolean
  /** Schemas by status; null where an answer has no body. */
  readonly answers: Readonly<Record<string, JsonSchema | null>>
  /** The entity whose records the path is about. */
  readonly entity: EntityInfo | null
}

/** Every operation that the document offers, with one for each action of the model. */
export function operationsOf(document: OpenApiDocument, model: ModelView): Operation[] {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, documented]) =>
      operationOf(path, method, documented, model),
    ),
  )
  return operations.flatMap((operation) =>
    operation.path === '/actions/{ref}'
      ? [operation, ...model.actions.map((action) => actionOf(operation, action))]
      : [operation],
  )
}

function operationOf(
  path: string,
  method: string,
  { parameters, requestBody, responses }: DocumentedOperation,
  model: ModelView,
): Operation {
  const [, first] = path.split('/')
  return {
    name: `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    query: parameters.filter((parameter) => parameter.in === 'query'),
    isKeyed: parameters.some(({ name }) => name === 'Idempotency-Key'),
    body: requestBody?.content['application/json']?.schema ?? null,
    isUpload: requestBody?.content['multipart/form-data'] !== undefined,
    answers: Object.fromEntries(
      Object.entries(responses)
        .filter(([status]) => status !== 'default')
        .map(([status, { content }]) => [status, content?.['application/json']?.schema ?? null]),
    ),
    entity: model.entities.find(({ plural }) => plural === first) ?? null,
  }
}

function actionOf(operation: Operation, { ref, input }: ModelView['actions'][number]): Operation {
  const { properties } = operation.body as { properties: Record<string, JsonSchema> }
  return {
    ...operation,
    name: `post /actions/${ref}`,
    path: `/actions/${ref}`,
    body: { ...operation.body, properties: { ...properties, input }, required: ['input'] },
  }
}
