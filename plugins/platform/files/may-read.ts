import { type HandlerContext, NotFoundError } from '@runwaycrm/sdk'
import { type StoredFile, uploaderOf } from './stored-file.ts'

/** Where a file was put. Only a hint: what the record holds now is asked each time. */
export interface FileUse {
  readonly file: string
  readonly entity: string
  readonly record: string
  readonly field: string
}

/** What a record has to do with a file, whatever the reader may see. */
export type Holding = 'holds' | 'deleted' | 'released' | 'none'
interface KernelRecords {
  holding(use: FileUse): Promise<Holding>
}

/**
 * Whoever may read a record and the field in it that holds the file; or who uploaded it, while no
 * record holds it.
 */
export async function mayRead(ctx: HandlerContext, file: StoredFile): Promise<boolean> {
  const uses = await usesOf(ctx, file.id)
  for (const use of uses) if (await seesIn(ctx, use)) return true
  const { uploaderType, uploaderId } = uploaderOf(ctx.principal)
  if (file.uploaderType !== uploaderType || file.uploaderId !== uploaderId) return false
  for (const use of uses) if ((await holdingOf(ctx, use)) === 'holds') return false
  return true
}

export async function usesOf(ctx: HandlerContext, file: string): Promise<readonly FileUse[]> {
  return (await ctx.tables.select('use', { where: { file } })) as unknown as readonly FileUse[]
}

/** As the system sees it; tells nothing of the record but this one word. */
export function holdingOf(ctx: HandlerContext, use: FileUse): Promise<Holding> {
  return ctx.services.get<KernelRecords>('kernel.records', 1).holding(use)
}

async function seesIn(ctx: HandlerContext, { entity, record, field, file }: FileUse) {
  try {
    const found = await ctx.records.get(entity, record, { fields: [field] })
    return holdsFile(found[field], file)
  } catch (error) {
    // Gone, hidden, an entity or field that is no more: then nobody reads the file through it.
    if (error instanceof NotFoundError || isRefusal(error)) return false
    throw error
  }
}

function isRefusal(error: unknown): boolean {
  const { status } = error as { readonly status?: unknown }
  return typeof status === 'number' && status >= 400 && status < 500
}

function holdsFile(value: unknown, file: string): boolean {
  return [value].flat().some((one) => (one as { readonly id?: unknown } | null)?.id === file)
}
