import type { Http } from './http.ts'

/** A mail that the local catcher kept instead of sending. */
export interface CaughtMail {
  readonly id: string
  readonly at?: string
  readonly createdAt?: string
  readonly from?: unknown
  readonly to?: unknown
  readonly subject?: string
  readonly text?: string
  readonly html?: string
}

export function createMailApi(http: Http) {
  return {
    list: async (): Promise<readonly CaughtMail[]> => {
      const answer = await http.get<{ data: readonly CaughtMail[] } | readonly CaughtMail[]>(
        '/mail/messages',
      )
      return 'data' in answer ? answer.data : answer
    },
    get: (id: string) => http.get<CaughtMail>(`/mail/messages/${id}`),
  }
}
