import type { RecordData, RecordPage } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

export interface NewKey {
  readonly name: string
  readonly roles: readonly string[]
  readonly scopes?: readonly string[]
}

/** Keys are records; making one answers its secret, once. */
export function createKeysApi(http: Http) {
  return {
    list: async (): Promise<readonly RecordData[]> =>
      (await http.get<RecordPage>('/api-keys', { limit: 100 })).data,
    /** @returns the key itself. */
    create: async (key: NewKey): Promise<string> => {
      const answer = await http.post<Readonly<Record<string, unknown>>>('/api-keys', key)
      const secret = answer['key'] ?? answer['secret'] ?? answer['token']
      return typeof secret === 'string' ? secret : ''
    },
    revoke: (id: string) => http.request('DELETE', `/api-keys/${id}`),
  }
}
