import type { Principal } from '@runwaycrm/sdk'
import { type Contexts, systemPrincipal } from './accounts/contexts.ts'
import type { CallHandler } from './actions/call-handler.ts'
import type { OrgStates } from './model/model-cache.ts'
import type { Writer } from './records/change-set.ts'

export interface SeedsDeps {
  readonly orgStates: Pick<OrgStates, 'get'>
  readonly contexts: Pick<Contexts, 'make'>
  readonly writer: Pick<Writer, 'openChangeSet' | 'closeChangeSet'>
  readonly callHandler: CallHandler
}

/** What plugins bring an organisation to begin with, or as a sample, in the name of a member. */
export function createSeeds({ orgStates, contexts, writer, callHandler }: SeedsDeps) {
  return async (orgId: string, kind: 'base' | 'sample', userId: string): Promise<void> => {
    const runtime = await orgStates.get(orgId)
    const principal: Principal = { ...systemPrincipal, userId }
    const seeds = [...runtime.model.seeds.values()]
      .filter(({ definition }) => definition.kind === kind)
      .sort((a, b) => (a.definition.order ?? 0) - (b.definition.order ?? 0))
    if (seeds.length === 0) return
    const traceId = crypto.randomUUID()
    // One change set, so that sample data goes away in one step.
    const ctx = await writer.openChangeSet(
      contexts.make(principal, runtime, { door: 'seed', traceId }),
      { label: kind === 'sample' ? 'Sample data' : 'First data', workflows: 'skip' },
    )
    try {
      for (const { plugin, definition } of seeds) {
        const { handler } = definition
        await callHandler(ctx, plugin, handler, { size: 'full' }, { usualMs: 300_000 })
      }
    } finally {
      await writer.closeChangeSet(ctx)
    }
  }
}
