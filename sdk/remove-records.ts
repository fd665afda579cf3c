import type { Filter } from './condition.ts'
import type { HandlerContext } from './context.ts'

const atOnce = 200
/** What is left, the next time takes. */
const mostRounds = 100

/** Deletes records that match, at most 20,000: for sweeps that come again. One that cannot go stays. */
export async function removeRecords(
  ctx: Pick<HandlerContext, 'records' | 'signal'>,
  entity: string,
  filter: Filter,
): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    ctx.signal.throwIfAborted()
    const { data } = await ctx.records.list(entity, { filter, fields: ['id'], limit: atOnce })
    if (data.length === 0) return
    const gone = data.map(({ id }) => ({ id }))
    await ctx.records.bulk(entity, { delete: gone, atomic: false })
  }
}
