import type { HandlerContext } from '@runwaycrm/sdk'
import { type FileUse, mayRead, usesOf } from './may-read.ts'
import { factsOf, findFiles } from './stored-file.ts'

/**
 * A record is about to hold files. Those that the actor may read are noted and described; all others are
 * left out, so that a file of somebody else equals one that never was.
 */
export async function attach(
  { uses }: { readonly uses: readonly FileUse[] },
  ctx: HandlerContext,
): Promise<Readonly<Record<string, ReturnType<typeof factsOf>>>> {
  const files = await findFiles(
    ctx,
    uses.map((use) => use.file),
  )
  const facts: Record<string, ReturnType<typeof factsOf>> = {}
  for (const file of files.values()) {
    if (file.state !== 'infected' && (await mayRead(ctx, file))) facts[file.id] = factsOf(file)
  }
  for (const use of uses) {
    if (!facts[use.file]) continue
    const known = await usesOf(ctx, use.file)
    const isKnown = known.some((one) => one.record === use.record && one.field === use.field)
    if (!isKnown) await ctx.tables.insert('use', [{ ...use }])
  }
  return facts
}
