/** What goes into the directory and what comes out, in the names of its columns where they come as they are. */
export type TokenKind = 'invite' | 'reset' | 'login'
/** How a session began. */
export type SessionMethod = 'password' | 'link'

export interface OrgRow {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly plan: string
  readonly region: string
  readonly currency: string
  readonly country: string
  readonly time_zone: string
  readonly locale: string
  readonly state: 'creating' | 'active' | 'suspended' | 'archived'
}
export interface LoginRow {
  readonly id: string
  readonly password_hash: string | null
  readonly verified: boolean
}
export interface MembershipRow {
  readonly org_id: string
  readonly user_id: string
  readonly slug: string
  readonly name: string
}
export interface ForgottenRow {
  /** Rows that let the member in. */
  readonly gone: number
  /** Ids of the keys that were revoked. */
  readonly keys: readonly string[]
}
export interface SessionRow {
  readonly id: string
  readonly login_id: string
  readonly org_id: string
  readonly user_id: string
  readonly method: SessionMethod
  readonly privilege: string | null
  /** False when the token was the one before the last rotation. */
  readonly is_current: boolean
}
export interface SessionInfoRow {
  readonly id: string
  readonly org_id: string
  readonly method: SessionMethod
  readonly address: string
  readonly agent: string
  readonly created_at: string
  readonly last_seen_at: string
}
export interface KeyRow {
  readonly id: string
  readonly org_id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[] | null
}
export interface TokenRow {
  readonly id: string
  readonly email: string
  readonly org_id: string | null
  readonly data: Readonly<Record<string, unknown>>
}
export interface InvitationRow {
  readonly id: string
  readonly email: string
  readonly data: Readonly<Record<string, unknown>>
  readonly created_at: string
  readonly expires_at: string
}
export interface NewSession {
  readonly id: string
  readonly tokenHash: Buffer
  readonly loginId: string
  readonly orgId: string
  readonly userId: string
  readonly method: SessionMethod
  readonly address: string
  readonly agent: string
}
export interface Rotation {
  readonly sessionId: string
  readonly oldHash: Buffer
  readonly newHash: Buffer
  readonly orgId: string
  readonly userId: string
  readonly privilege: string | null
  readonly graceSeconds: number
}
export interface NewKey {
  readonly id: string
  readonly orgId: string
  readonly secretHash: Buffer
  readonly name: string
  readonly roles: readonly string[]
  readonly scopes: readonly string[] | null
  readonly createdBy: object
}
export interface NewTokenRow {
  readonly id: string
  readonly kind: TokenKind
  readonly tokenHash: Buffer
  readonly email: string
  readonly orgId: string | null
  readonly data: object
  readonly livesSeconds: number
}

/** What may change of an organisation's name and region; absent keeps. */
export interface OrgWords {
  readonly name?: string
  readonly currency?: string
  readonly country?: string
  readonly timeZone?: string
  readonly locale?: string
}
