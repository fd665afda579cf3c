import type { FieldValues, HandlerContext, Row } from '@runwaycrm/sdk'
import { mostAttempts } from './attempt-delays.ts'
import { deliveryEntity, type Endpoint } from './endpoints.ts'

/** A row of `message`: what an endpoint is told, and how far that is. No value of a record stands in it. */
export interface Message {
  readonly id: string
  readonly endpoint: string
  /** The record that people see. */
  readonly delivery: string
  readonly webhookId: string
  /** Null for a test. */
  readonly seq: number | null
  readonly event: string
  readonly entity: string | null
  readonly record: string | null
  readonly version: number | null
  readonly at: Date
  readonly fields: readonly string[]
  /** Of a plugin's event. */
  readonly payload: FieldValues | null
  /** Whether there may be another attempt. */
  readonly open: boolean
  readonly mostAttempts: number
  /** Attempts until now; begins anew with each round. */
  readonly attempt: number
  readonly round: number
  readonly nextAt: Date | null
  /** Its job found that it was not its turn and ended: the one before calls it. */
  readonly parked: boolean | null
}

export type NewMessage = Pick<
  Message,
  'webhookId' | 'seq' | 'event' | 'entity' | 'record' | 'version' | 'fields' | 'payload'
> & { readonly at: Date; readonly mostAttempts?: number }

const number = (value: unknown) => (value === null || value === undefined ? null : Number(value))

export const toMessage = (row: Row) =>
  ({
    ...row,
    at: new Date(row['at'] as string),
    seq: number(row['seq']),
    version: number(row['version']),
    mostAttempts: number(row['mostAttempts']),
    attempt: number(row['attempt']),
    round: number(row['round']),
  }) as unknown as Message

/** One job per attempt: what comes again, by whatever way, is the same job. */
export const attemptJob = ({ id, round, attempt }: Message, at?: Date) => ({
  payload: { message: id },
  dedupeKey: `${id} ${round} ${attempt}`,
  ...(at ? { at } : {}),
})

/** Writes messages with their records and first jobs, all or none. @param ctx of the plugin itself. */
export async function putMessages(
  ctx: HandlerContext,
  endpoint: Endpoint,
  messages: readonly NewMessage[],
): Promise<readonly Message[]> {
  return ctx.transaction(
    async (inside) => {
      const { results } = await inside.records.bulk(deliveryEntity, {
        create: messages.map((message) => ({
          webhookId: message.webhookId,
          event: message.event,
          endpointId: endpoint.id,
          entityRef: message.entity,
          recordId: message.record,
          status: 'waiting',
          attempt: 0,
          nextAttemptAt: ctx.now.toISOString(),
        })),
      })
      const rows = await inside.tables.insert(
        'message',
        messages.map((message, at) => ({
          ...message,
          endpoint: endpoint.id,
          delivery: results[at]?.id,
          mostAttempts: message.mostAttempts ?? mostAttempts,
          open: true,
          attempt: 0,
          round: 1,
          nextAt: ctx.now,
        })),
      )
      const kept = rows.map(toMessage)
      await inside.jobs.enqueueMany(
        'attempt',
        kept.map((message) => attemptJob(message)),
      )
      return kept
    },
    { label: ctx.t('changes.deliveries'), door: 'job' },
  )
}

/** The one whose turn it is at an endpoint that takes one after the other. */
export async function firstOpen(ctx: HandlerContext, endpoint: string): Promise<Message | null> {
  const [row] = await ctx.tables.select('message', {
    where: { endpoint, open: true },
    sort: 'seq,id',
    limit: 1,
  })
  return row ? toMessage(row) : null
}
