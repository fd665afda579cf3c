import type { HandlerContext } from '@runwaycrm/sdk'

export const keyEntity = 'platform.api-keys:key'

export interface CreatedKey {
  readonly id: string
  readonly key: string
  readonly prefix: string
  readonly role: string
  readonly scopes: readonly string[] | null
}

/** The kernel's service `kernel.credentials`, version 1: the caller's rights hold there too. */
export interface Credentials {
  createKey(input: {
    readonly name: string
    readonly role?: string | undefined
    readonly scopes?: readonly string[] | undefined
  }): Promise<CreatedKey>
  revokeKey(input: { readonly id: string }): Promise<{ readonly revoked: boolean }>
  keyUses(input: null): Promise<readonly { readonly id: string; readonly lastUsedAt: string }[]>
}

export function credentialsOf(ctx: HandlerContext): Credentials {
  return ctx.services.get<Credentials>('kernel.credentials', 1)
}
