import type { JsonSchema } from './route.ts'

const uuid = { type: 'string', format: 'uuid' } as const
const count = { type: 'integer', minimum: 0 } as const

/** 200 of a bulk request by items. */
export const bulkAnswer: JsonSchema = {
  type: 'object',
  required: ['changeSetId', 'results'],
  properties: {
    changeSetId: uuid,
    results: {
      type: 'array',
      items: {
        type: 'object',
        required: ['op', 'index', 'status'],
        properties: {
          op: { enum: ['create', 'update', 'upsert', 'delete', 'restore'] },
          index: count,
          status: {
            enum: ['created', 'updated', 'unchanged', 'skipped', 'deleted', 'restored', 'failed'],
          },
          id: { type: 'string' },
          problem: { type: 'object' },
        },
      },
    },
  },
}

/** 200 of an action: the change set only when it wrote something. */
export const actionAnswer: JsonSchema = {
  type: 'object',
  required: ['output'],
  properties: { output: {}, changeSetId: uuid },
}

/** 202 of an action that waits for somebody's yes. */
export const deferredAction: JsonSchema = {
  type: 'object',
  required: ['approvalId', 'expiresAt'],
  properties: { approvalId: uuid, expiresAt: { type: 'string', format: 'date-time' } },
}

/** 202 of whatever fills a change set behind the answer. */
export const startedChangeJob: JsonSchema = {
  type: 'object',
  required: ['jobId', 'changeSetId', 'matched'],
  properties: { jobId: uuid, changeSetId: uuid, matched: count },
}

/** 200 of taking back a change set. */
export const revertAnswer: JsonSchema = {
  type: 'object',
  required: ['changeSetId', 'reverted', 'skipped', 'conflicts'],
  properties: {
    changeSetId: { anyOf: [uuid, { type: 'null' }] },
    reverted: count,
    skipped: count,
    conflicts: { type: 'array', items: { type: 'object' } },
  },
}
