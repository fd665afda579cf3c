import type { Http } from './http.ts'

/** `GET /auth/me`: who is signed in, and where else they could be. */
export interface Account {
  readonly user?: { readonly id: string; readonly name: string; readonly email: string }
  readonly org?: OrgChoice
  readonly orgs?: readonly OrgChoice[]
}
export interface OrgChoice {
  readonly id: string
  readonly name: string
  readonly slug?: string
}
export interface SessionInfo {
  readonly id: string
  readonly current?: boolean
  readonly createdAt?: string
  readonly lastSeenAt?: string
  readonly agent?: string
  readonly userAgent?: string
  readonly address?: string
}

export interface Invitation {
  readonly id: string
  readonly email: string
  readonly roles: readonly string[]
}

export function createAuthApi(http: Http) {
  return {
    me: () => http.get<Account>('/auth/me'),
    logIn: (email: string, password: string, org?: string) =>
      http.post<unknown>('/auth/login', { email, password, ...(org ? { org } : {}) }),
    logOut: () => http.post<unknown>('/auth/logout'),
    signUp: (input: { orgName: string; email: string; password: string }) =>
      http.post<{ orgId: string; userId: string }>('/auth/signup', input),
    switchOrg: (orgId: string) => http.post<unknown>('/auth/switch', { orgId }),
    forgotPassword: (email: string) => http.post<unknown>('/auth/password/forgot', { email }),
    resetPassword: (token: string, password: string) =>
      http.post<unknown>('/auth/password/reset', { token, password }),
    changePassword: (current: string, password: string) =>
      http.post<unknown>('/auth/password', { current, password }),
    accept: (input: { token: string; name: string; password: string }) =>
      http.post<unknown>('/auth/accept', input),
    invite: (email: string, roles: readonly string[]) =>
      http.post<unknown>('/invitations', { email, ...(roles.length > 0 ? { roles } : {}) }),
    invitations: async () => (await http.get<{ data: readonly Invitation[] }>('/invitations')).data,
    withdrawInvitation: (id: string) => http.request('DELETE', `/invitations/${id}`),
    sessions: async () => (await http.get<{ data: readonly SessionInfo[] }>('/auth/sessions')).data,
    endSession: (id: string) => http.request('DELETE', `/auth/sessions/${id}`),
  }
}
