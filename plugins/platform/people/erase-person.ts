import type { FieldValues, HandlerContext } from '@runwaycrm/sdk'

interface Erasure {
  erase(input: FieldValues): Promise<unknown>
}

/** Takes a person out of everything; what that means is the kernel's to know. */
export async function erasePerson(input: unknown, ctx: HandlerContext): Promise<unknown> {
  return ctx.services.get<Erasure>('kernel.erasure', 1).erase(input as FieldValues)
}
