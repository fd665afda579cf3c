import { createHash } from 'node:crypto'
import { type HandlerContext, NotFoundError } from '@runwaycrm/sdk'
import type { Workflow } from './definition.ts'

const hashes = new WeakMap<Workflow, string>()
/** Definitions never change under their hash, so what was read or written once is known for good. */
const known = new Map<string, { readonly workflow: Workflow; readonly at: number }>()
/** After so long it is looked whether it is still kept: what no run had for long is swept. */
const trustedMs = 3_600_000
const mostKnown = 2_000

/**
 * The enabled workflows of the organisation, by reference.
 *
 * @param isAll those that are off too, to be tried.
 */
export function workflowsOf(ctx: HandlerContext, isAll = false): ReadonlyMap<string, Workflow> {
  const all = ctx.model.contributions<Workflow>('workflows')
  if (isAll) return all
  return new Map([...all].filter(([, workflow]) => workflow.enabled !== false))
}

/** @throws NotFoundError when there is none, or it is off. */
export function enabledWorkflow(ctx: HandlerContext, ref = ''): Workflow {
  const workflow = workflowsOf(ctx).get(ref)
  if (!workflow) throw new NotFoundError(`No enabled workflow is called "${ref}".`)
  return workflow
}

function hashOf(workflow: Workflow): string {
  const found = hashes.get(workflow)
  if (found) return found
  const hash = createHash('sha256').update(JSON.stringify(workflow)).digest('hex').slice(0, 32)
  hashes.set(workflow, hash)
  return hash
}

/** Keeps a definition for the runs that begin with it: whatever is published later, they go on with it. */
export async function pin(ctx: HandlerContext, ref: string, workflow: Workflow): Promise<string> {
  const hash = hashOf(workflow)
  const key = keyOf(ctx, ref, hash)
  const found = known.get(key)
  if (found && Date.now() - found.at < trustedMs) return hash
  const where = { workflow: ref, hash }
  const [kept] = await ctx.tables.select('definition', { where, limit: 1 })
  if (!kept) {
    await ctx.tables.insert('definition', [{ ...where, body: workflow }]).catch(async (error) => {
      const [rival] = await ctx.tables.select('definition', { where, limit: 1 })
      if (!rival) throw error
    })
  }
  remember(key, workflow)
  return hash
}

/** @throws Error when it was never kept, which nothing does. */
export async function pinned(ctx: HandlerContext, ref: string, hash: string): Promise<Workflow> {
  const key = keyOf(ctx, ref, hash)
  const found = known.get(key)
  if (found) return found.workflow
  const [row] = await ctx.tables.select('definition', { where: { workflow: ref, hash }, limit: 1 })
  if (!row) throw new Error(`The definition ${hash} of ${ref} is gone.`)
  const workflow = row['body'] as Workflow
  remember(key, workflow)
  return workflow
}

/** Lets go of those that no run has any more, and that none begins with. */
export async function dropDefinitions(
  ctx: HandlerContext,
  some: readonly { readonly workflow: string; readonly hash: string }[],
): Promise<void> {
  const current = workflowsOf(ctx, true)
  for (const where of some) {
    const now = current.get(where.workflow)
    if (now && hashOf(now) === where.hash) continue
    const [used] = await ctx.tables.select('state', { where, limit: 1 })
    if (used) continue
    await ctx.tables.delete('definition', where)
    known.delete(keyOf(ctx, where.workflow, where.hash))
  }
}

const keyOf = (ctx: HandlerContext, ref: string, hash: string) => `${ctx.org.id} ${ref} ${hash}`

function remember(key: string, workflow: Workflow): void {
  known.set(key, { workflow, at: Date.now() })
  if (known.size > mostKnown) known.delete(known.keys().next().value as string)
}

/** Whose rights a workflow has that names no role, and who hears of its failures when nobody else does. */
export const usualRole = 'platform.people:admin'

/** @param id of the run, or of whatever it is that acts. */
export function asWorkflow(
  ctx: HandlerContext,
  id: string,
  { label, role = usualRole }: Workflow,
): HandlerContext {
  return ctx.as({ type: 'workflow', id, name: label, roles: [role] })
}
