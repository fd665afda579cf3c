import type { HandlerContext } from '@runwaycrm/sdk'
import { findRun, type Origin } from './tables.ts'

const mostSteps = 20

/** Who or what is behind a run, through the workflows that led to it; null for a schedule. */
export async function cause(
  { run }: { readonly run: string },
  ctx: HandlerContext,
): Promise<{ readonly by: NonNullable<Origin['by']> | null }> {
  const plugin = ctx.as(null)
  let by: Origin['by'] = { type: 'workflow', id: run, name: '' }
  for (let steps = 0; by?.type === 'workflow' && by.id !== null; steps++) {
    if (steps === mostSteps) return { by: null }
    by = (await findRun(plugin, by.id))?.origin.by ?? null
  }
  return { by: by ?? null }
}
