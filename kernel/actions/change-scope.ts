import type { Door } from '@runwaycrm/sdk'
import type { OpenChange, RequestContext } from '../context/request-context.ts'

/** What opens and closes change sets: the writer. */
export interface ChangeSets {
  openChangeSet(
    ctx: RequestContext,
    options: { readonly label?: string; readonly door?: Door; readonly workflows?: 'run' | 'skip' },
  ): Promise<RequestContext>
  /** Closes it, or takes it away when nothing was written. @returns whether it is there. */
  endChangeSet(ctx: RequestContext): Promise<boolean>
}

/** One change set for all that a deed writes, opened before its first write. */
export interface ChangeScope {
  /** The context whose writes belong to the change set. */
  join(ctx: RequestContext): Promise<RequestContext>
  /** Null while nothing was written, and when nothing was in the end. */
  readonly id: string | null
  /** No more writes; the change set can be reverted as one. */
  close(): Promise<void>
}

/** Reading actions leave no empty change sets behind. A change set that is open already is joined. */
export function createChangeScope(
  writer: ChangeSets,
  options: { readonly label: string; readonly door: Door },
): ChangeScope {
  let opening: Promise<RequestContext> | null = null
  let opened: RequestContext | null = null
  const open = async (ctx: RequestContext): Promise<RequestContext> => {
    opened = await writer.openChangeSet({ ...ctx, tx: null }, options)
    return opened
  }
  return {
    async join(ctx) {
      if (ctx.changeSet) return ctx
      opening ??= open(ctx)
      const { changeSet } = await opening
      return Object.freeze({ ...ctx, changeSet: changeSet as OpenChange })
    },
    get id() {
      return opened?.changeSet?.id ?? null
    },
    async close() {
      // A failed opening was told to whoever wrote.
      await opening?.catch(() => null)
      if (opened && !(await writer.endChangeSet(opened))) opened = null
    },
  }
}
