import type { FieldValues } from '@runwaycrm/sdk'
import type { Http } from './http.ts'
import type { JsonSchema } from './model.ts'

/** Done at once with an output, or waiting for a person's yes. */
export interface ActionResult {
  readonly output?: unknown
  /** What it wrote, to be taken back as one; absent when it wrote nothing. */
  readonly changeSetId?: string
  readonly approvalId?: string
  readonly expiresAt?: string
}

export function createActionsApi(http: Http) {
  return {
    /** What each of them answers, by reference. */
    async outputs(): Promise<ReadonlyMap<string, JsonSchema>> {
      const { data } = await http.get<{
        readonly data: readonly { readonly ref: string; readonly output: JsonSchema }[]
      }>('/actions')
      return new Map(data.map(({ ref, output }) => [ref, output]))
    },
    run: (
      ref: string,
      input: FieldValues,
      records?: { readonly entity: string; readonly ids: readonly string[] },
    ) => http.post<ActionResult>(`/actions/${ref}`, { input, ...(records ? { records } : {}) }),
  }
}
