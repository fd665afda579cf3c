/** Who acts. */
export interface Principal {
  readonly type: 'user' | 'key' | 'agent' | 'workflow' | 'plugin' | 'system'
  /** Of the user, key, agent or plugin; null for the system. */
  readonly id: string | null
  readonly name: string
  /** The member on whose behalf; null for keys, plugins and the system. */
  readonly userId: string | null
  /** References of role contributions, e.g. `platform.people:editor`. */
  readonly roles: readonly string[]
  /** Members that share a team with the user, the user included. */
  readonly teammates: readonly string[]
  /** Scopes of an API key; null means whatever the roles allow. */
  readonly scopes: readonly string[] | null
}

/** How an actor is shown in records, history and events. */
export interface Actor {
  readonly type: Principal['type']
  readonly id: string | null
  readonly name: string
}

/** Through which door a change came. */
export type Door =
  | 'api'
  | 'app'
  | 'import'
  | 'action'
  | 'job'
  | 'hook'
  | 'cli'
  | 'seed'
  | 'revert'
  | 'workflow'
  | 'agent'

export interface OrgInfo {
  readonly id: string
  readonly slug: string
  readonly name: string
  readonly plan: string
  readonly currency: string
  readonly country: string
  readonly timeZone: string
  readonly locale: string
}
