import type { RecordData, RecordPage } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export interface NewKey {
  readonly name: string
  readonly role?: string
  readonly scopes?: readonly string[]
}

/**
 * Keys are records; making and revoking one are actions of the plugin that brings them: `plugin` is
 * the one of the entity whose plural is `api-keys`.
 */
export function createKeysApi(http: Http) {
  return {
    list: async (): Promise<readonly RecordData[]> =>
      (await http.get<RecordPage>('/api-keys', { limit: 100 })).data,
    /** @returns the key itself, which is never shown again. */
    create: async (plugin: string, input: NewKey): Promise<string> =>
      (await http.post<{ output: { key: string } }>(`/actions/${plugin}:create_key`, { input }))
        .output.key,
    revoke: (plugin: string, id: string) =>
      http.post<unknown>(`/actions/${plugin}:revoke_key`, { input: { id } }),
  }
}
