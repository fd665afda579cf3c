import type { CallHandler } from '../actions/call-handler.ts'
import type { RequestContext } from '../context/request-context.ts'
import type { Model } from '../model/model.ts'
import type { FileUse } from '../records/attach-files.ts'

/** The handler behind a method of the service that an enabled plugin offers. */
export function methodOf(model: Model, name: string, version: number, method: string) {
  const service = [...model.services.values()].find(
    ({ definition }) => definition.interface === name && definition.version === version,
  )
  const handler = service?.definition.methods[method]
  return service && handler ? { plugin: service.plugin, handler } : null
}

/** Asks whoever offers the service `files`; nobody does, and no file is known. */
export async function attachByService(
  callHandler: CallHandler,
  ctx: RequestContext,
  uses: readonly FileUse[],
): Promise<Readonly<Record<string, object>>> {
  const found = methodOf(ctx.model, 'files', 1, 'attach')
  if (!found) return {}
  return (await callHandler(ctx, found.plugin, found.handler, { uses })) as Record<string, object>
}
