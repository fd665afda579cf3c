import {
  type HandlerContext,
  NotFoundError,
  type RouteReply,
  type RouteRequest,
  StateConflictError,
} from '@runwaycrm/sdk'
import { storeOf } from './disk.ts'
import { mayRead } from './may-read.ts'
import { factsOf, findFiles, type StoredFile } from './stored-file.ts'

/** The bytes of a file, for whoever may read it; 404 for everybody else. */
export async function content(request: RouteRequest, ctx: HandlerContext): Promise<RouteReply> {
  const file = await readableFile(ctx, request.params['id'] ?? '')
  const { id, name, type, size } = file
  const store = await storeOf(ctx)
  return {
    status: 200,
    headers: { etag: `"${id}"` },
    file: {
      name,
      type,
      size,
      isInline: request.query['inline'] === true,
      open: () => store.open(id),
    },
  }
}

/** For other plugins: what is known of a file that the principal may read. @throws NotFoundError */
export async function describe({ id }: { readonly id: string }, ctx: HandlerContext) {
  return factsOf(await readableFile(ctx, id))
}

/** For other plugins: the content as a stream. @throws NotFoundError, StateConflictError */
export async function openFile({ id }: { readonly id: string }, ctx: HandlerContext) {
  const file = await readableFile(ctx, id)
  return { ...factsOf(file), content: await (await storeOf(ctx)).open(file.id) }
}

/** @throws NotFoundError; StateConflictError while it is checked, and when a virus was found. */
export async function readableFile(ctx: HandlerContext, id: string): Promise<StoredFile> {
  const file = (await findFiles(ctx, [id])).get(id)
  if (!file || !(await mayRead(ctx, file))) throw new NotFoundError()
  if (file.state === 'pending')
    throw new StateConflictError('The file is being checked for viruses; try again in a moment.')
  if (file.state === 'infected')
    throw new StateConflictError('A virus was found in the file; it is not given out.')
  return file
}
