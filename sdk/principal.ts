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
  | 'form'

/** What kind of hand a value came from. */
export type Origin =
  | 'person'
  | 'import'
  | 'integration'
  | 'agent'
  | 'workflow'
  | 'plugin'
  | 'system'
  | 'external'
  | 'formula'

/** Where the present value of a field came from. */
export interface Provenance {
  readonly origin: Origin
  /** Null for a computed field. */
  readonly actor: Actor | null
  readonly at: string | null
  /** Null for a computed field, and when the ledger has let go of it. */
  readonly changeId: string | null
  /** Where it was found, for values from outside. */
  readonly source?: string
}

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
