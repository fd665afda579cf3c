import type { HandlerContext, RecordData } from '@runwaycrm/sdk'

interface Members {
  read(input: {
    readonly userId: string
    readonly entity: string
    readonly ids: readonly string[]
    readonly fields?: readonly string[]
  }): Promise<readonly RecordData[]>
}

const atOnce = 500

/** Those of the records that the member may read now, with what they may see of them, by id. */
export async function readAs(
  ctx: HandlerContext,
  userId: string,
  entity: string,
  ids: readonly string[],
  fields: readonly string[] = [],
): Promise<ReadonlyMap<string, RecordData>> {
  const members = ctx.services.get<Members>('kernel.members', 1)
  const found = new Map<string, RecordData>()
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce)
    const records = await members.read({ userId, entity, ids: some, fields: ['id', ...fields] })
    for (const record of records) found.set(record.id, record)
  }
  return found
}
