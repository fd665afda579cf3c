import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { actorOf } from '../context/request-context.ts'
import type { Database } from '../database/postgres.ts'
import type { Revisions } from '../model/revisions.ts'
import { listArchive } from '../studio/archive.ts'
import type { ArchiveFiles } from '../studio/archive-files.ts'
import type { createArchivePurge, PurgeRequest } from '../studio/purge-archive.ts'
import type { JsonSchema, RouteDeclaration } from './route.ts'

export interface ArchiveRoutesDeps {
  readonly db: Database
  readonly revisions: Pick<Revisions, 'desk' | 'restore'>
  readonly archivePurge: Pick<ReturnType<typeof createArchivePurge>, 'start'>
  readonly archiveFiles: Pick<ArchiveFiles, 'path'>
}

const object = { type: 'object' } as const
const text = (maxLength: number): JsonSchema => ({ type: 'string', minLength: 1, maxLength })

/** Fields and objects that are gone from the model, and their values. */
export function archiveRoutes(deps: ArchiveRoutesDeps): RouteDeclaration[] {
  const { db, revisions, archivePurge, archiveFiles } = deps
  const shared = {
    auth: 'principal',
    tag: 'studio',
    query: {},
    rate: 'normal',
    body: null,
    response: { 200: object },
  } as const
  return [
    {
      ...shared,
      method: 'GET',
      path: '/studio/archive',
      summary: 'Fields and objects that were taken away, with how many values they have',
      permission: 'studio:read',
      idempotency: 'safe',
      rate: 'costly',
      handler: async (call) => {
        const desk = await revisions.desk(call.context().org.id)
        const data = (await listArchive(db, desk)).map(({ place: _, ...told }) => told)
        return { status: 200, body: { data } }
      },
    },
    {
      ...shared,
      method: 'POST',
      path: '/studio/archive/restore',
      summary: 'Bring one back into the draft; with the publish its values are there again',
      permission: 'studio:write',
      idempotency: 'natural',
      body: {
        ...object,
        additionalProperties: false,
        required: ['path', 'revision'],
        properties: {
          path: text(300),
          revision: { type: 'integer', minimum: 1, maximum: 2_147_483_647 },
        },
      },
      handler: async (call) => {
        const { org, principal } = call.context()
        const from = call.body as { path: string; revision: number }
        return { status: 200, body: await revisions.restore(org.id, from, actorOf(principal)) }
      },
    },
    {
      ...shared,
      method: 'POST',
      path: '/studio/archive/purge',
      summary: 'Write the values of one into a file and erase them for good',
      permission: 'studio:write',
      idempotency: 'key',
      body: {
        ...object,
        additionalProperties: false,
        required: ['path', 'storageId', 'confirm'],
        properties: { path: text(300), storageId: text(200), confirm: text(100) },
      },
      response: { 202: object },
      handler: async (call) => ({
        status: 202,
        body: await archivePurge.start(call.context(), call.body as PurgeRequest),
      }),
    },
    {
      ...shared,
      method: 'GET',
      path: '/studio/archive/files/:id',
      summary: 'The values that a purge erased, one JSON object a line',
      permission: 'studio:write',
      idempotency: 'safe',
      handler: async (call) => {
        const { org } = call.context()
        const path = await archiveFiles.path(org.id, call.params['id']!)
        const headers = {
          'content-length': String((await stat(path)).size),
          'content-disposition': 'attachment; filename="archive.ndjson"',
        }
        const isHead = call.request.method === 'HEAD'
        const stream = isHead ? {} : { stream: createReadStream(path) }
        return { status: 200, type: 'application/x-ndjson', headers, ...stream }
      },
    },
  ]
}
