import type { HandlerContext } from '@runwaycrm/sdk'
import { credentialsOf } from './credentials.ts'
import { noteKey } from './note-key.ts'

interface Input {
  readonly name: string
  readonly role?: string
  readonly scopes?: readonly string[]
}

/** Makes a key and the record that stands for it. The key itself is in this answer and nowhere else. */
export async function createKey(input: Input, ctx: HandlerContext) {
  const credentials = credentialsOf(ctx)
  const created = await credentials.createKey({
    name: input.name,
    role: input.role,
    scopes: input.scopes?.length ? input.scopes : undefined,
  })
  try {
    const { id } = await noteKey({ ...created, name: input.name }, ctx)
    const { key, prefix, role, scopes } = created
    return { id, key, prefix, role, scopes }
  } catch (error) {
    // A key that nobody sees in the list is a key that nobody revokes.
    await credentials.revokeKey({ id: created.id })
    throw error
  }
}
