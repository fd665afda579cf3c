import { createSecretKey, type KeyObject } from 'node:crypto'
import type { Database, Statement, Tx } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import {
  newDataKey,
  type SealPlace,
  seal,
  unseal,
  type WrappingKey,
  wrappingKey,
} from './envelope.ts'

/** Secrets of organisations: written, used, never shown. */
export interface Vault {
  /** `owner` is the plugin that uses it, or `kernel`. An empty value is refused. */
  put(orgId: string, owner: string, name: string, value: string, tx?: Tx | null): Promise<void>
  get(orgId: string, owner: string, name: string, tx?: Tx | null): Promise<string | null>
  /** Whether there was one. */
  delete(orgId: string, owner: string, name: string, tx?: Tx | null): Promise<boolean>
  /** The last four characters for people to recognise it by, empty for short ones; null without one. */
  last4(orgId: string, owner: string, name: string, tx?: Tx | null): Promise<string | null>
  /** Name to last four characters, of all secrets of the owner. */
  list(orgId: string, owner: string): Promise<ReadonlyMap<string, string>>
  /** For values that other tables keep sealed in a column of theirs. */
  seal(place: SealPlace, value: string): Promise<Buffer>
  unseal(place: SealPlace, sealed: Uint8Array): Promise<string>
  /** Wraps the data key with the present key when it still is with the former; whether it did. */
  rewrap(orgId: string): Promise<boolean>
}

export interface VaultOptions {
  readonly db: Database
  readonly secretKey: string
  /** The secret key before the present one: what it wrapped opens, and is wrapped anew when used. */
  readonly formerSecretKey?: string | null
  readonly now?: () => number
}

/** The data key was wrapped with a secret key that this node does not have. */
class WrappingKeyMissingError extends Error {
  override readonly name = 'WrappingKeyMissingError'
}

const keptMs = 60_000
const keptKeys = 1_000
/** Shorter secrets would give too much of themselves away. */
const shortestWithHint = 12

export function createVault(options: VaultOptions): Vault {
  const { db } = options
  const now = options.now ?? Date.now
  const present = wrappingKey(options.secretKey)
  const former = options.formerSecretKey ? wrappingKey(options.formerSecretKey) : null
  const cache = new Map<string, CachedKey>()

  function unwrap(orgId: string, row: DataKeyRow): KeyObject {
    const by = [present, former].find((key) => key?.id === row.wrapped_by)
    if (!by) {
      throw new WrappingKeyMissingError(
        'The vault was closed with another RUNWAY_SECRET_KEY. Set RUNWAY_FORMER_SECRET_KEY to it.',
      )
    }
    return createSecretKey(unseal(by.key, dataKeyPlace(orgId, row.id), row.wrapped))
  }

  /** From the cache, or out of the row; a key that the former secret key wrapped is wrapped anew. */
  async function open(orgId: string, row: DataKeyRow): Promise<KeyObject> {
    const cached = cache.get(orgId)
    if (cached && cached.id === row.id && cached.until > now()) return cached.key
    const key = unwrap(orgId, row)
    if (cache.size >= keptKeys) cache.clear()
    cache.set(orgId, { id: row.id, key, until: now() + keptMs })
    if (row.wrapped_by !== present.id) await wrapAnew(orgId, row, key)
    return key
  }

  async function wrapAnew(orgId: string, row: DataKeyRow, key: KeyObject): Promise<boolean> {
    const wrapped = seal(present.key, dataKeyPlace(orgId, row.id), key.export())
    // Not over what another node did meanwhile.
    const { rowCount } = await db.query(orgId, {
      text: `update tenant.data_key set wrapped = $3, wrapped_by = $4
        where org_id = $1 and id = $2 and wrapped_by = $5`,
      values: [orgId, row.id, wrapped, present.id, row.wrapped_by],
    })
    return rowCount > 0
  }

  /**
   * The data key, made with the first secret. Never inside the caller's transaction: a key that is rolled
   * back while the cache has it would seal what nobody can open.
   */
  async function dataKey(orgId: string): Promise<{ id: string; key: KeyObject }> {
    const cached = cache.get(orgId)
    if (cached && cached.until > now()) return cached
    const id = uuidv7()
    const [, found] = await db.batch(orgId, [
      insertDataKey(orgId, id, present),
      selectDataKey(orgId),
    ])
    const row = found?.rows[0] as unknown as DataKeyRow
    return { id: row.id, key: await open(orgId, row) }
  }

  const run = <R>(orgId: string, statement: Statement, tx: Tx | null | undefined) =>
    tx ? tx.one<R>(statement) : db.query<R>(orgId, statement)

  async function put(
    orgId: string,
    owner: string,
    name: string,
    value: string,
    tx?: Tx | null,
  ): Promise<void> {
    if (value === '') throw new TypeError('A secret is not empty; delete it instead.')
    // Twice: the organisation's key may have been removed since it was cached.
    for (const attempt of [1, 2]) {
      const { id, key } = await dataKey(orgId)
      const sealed = seal(key, secretPlace(orgId, owner, name), Buffer.from(value, 'utf8'))
      const { rowCount } = await run(orgId, upsertSecret(orgId, id, owner, name, sealed, value), tx)
      if (rowCount > 0) return
      cache.delete(orgId)
      if (attempt === 2) throw new Error('The data key of the organisation is being removed.')
    }
  }

  return {
    put,
    async get(orgId, owner, name, tx) {
      const { rows } = await run<DataKeyRow & { sealed: Buffer }>(
        orgId,
        selectSecret(orgId, owner, name),
        tx,
      )
      const row = rows[0]
      if (!row) return null
      const key = await open(orgId, row)
      return unseal(key, secretPlace(orgId, owner, name), row.sealed).toString('utf8')
    },
    async delete(orgId, owner, name, tx) {
      const { rowCount } = await run(
        orgId,
        {
          text: 'delete from tenant.secret where org_id = $1 and owner = $2 and name = $3',
          values: [orgId, owner, name],
        },
        tx,
      )
      return rowCount > 0
    },
    async last4(orgId, owner, name, tx) {
      const { rows } = await run<{ last4: string }>(
        orgId,
        {
          text: 'select last4 from tenant.secret where org_id = $1 and owner = $2 and name = $3',
          values: [orgId, owner, name],
        },
        tx,
      )
      return rows[0]?.last4 ?? null
    },
    async list(orgId, owner) {
      const { rows } = await db.query<{ name: string; last4: string }>(orgId, {
        text: 'select name, last4 from tenant.secret where org_id = $1 and owner = $2 order by name',
        values: [orgId, owner],
      })
      return new Map(rows.map((row) => [row.name, row.last4]))
    },
    async seal(place, value) {
      const { key } = await dataKey(place.orgId)
      return seal(key, place, Buffer.from(value, 'utf8'))
    },
    async unseal(place, sealed) {
      const { key } = await dataKey(place.orgId)
      return unseal(key, place, sealed).toString('utf8')
    },
    async rewrap(orgId) {
      const { rows } = await db.query<DataKeyRow>(orgId, selectDataKey(orgId))
      const row = rows[0]
      if (!row || row.wrapped_by === present.id) return false
      return wrapAnew(orgId, row, unwrap(orgId, row))
    },
  }
}

interface DataKeyRow {
  readonly id: string
  readonly wrapped_by: string
  readonly wrapped: Buffer
}
interface CachedKey {
  readonly id: string
  readonly key: KeyObject
  readonly until: number
}

function dataKeyPlace(orgId: string, id: string): SealPlace {
  return { orgId, table: 'tenant.data_key', column: 'wrapped', row: id }
}

function secretPlace(orgId: string, owner: string, name: string): SealPlace {
  // A plugin's id has no slash, so no two pairs give the same row.
  if (owner.includes('/')) throw new TypeError('The owner of a secret is a plugin.')
  return { orgId, table: 'tenant.secret', column: 'sealed', row: `${owner}/${name}` }
}

function insertDataKey(orgId: string, id: string, by: WrappingKey): Statement {
  return {
    text: `insert into tenant.data_key (org_id, id, wrapped_by, wrapped) values ($1, $2, $3, $4)
      on conflict (org_id) do nothing`,
    values: [orgId, id, by.id, seal(by.key, dataKeyPlace(orgId, id), newDataKey())],
  }
}

function selectDataKey(orgId: string): Statement {
  return {
    text: 'select id, wrapped_by, wrapped from tenant.data_key where org_id = $1',
    values: [orgId],
  }
}

function selectSecret(orgId: string, owner: string, name: string): Statement {
  return {
    name: 'vault.get',
    text: `select s.sealed, k.id, k.wrapped_by, k.wrapped
      from tenant.secret s join tenant.data_key k on k.org_id = s.org_id
      where s.org_id = $1 and s.owner = $2 and s.name = $3`,
    values: [orgId, owner, name],
  }
}

/** Only while the data key that sealed it is there. */
function upsertSecret(
  orgId: string,
  keyId: string,
  owner: string,
  name: string,
  sealed: Buffer,
  value: string,
): Statement {
  const last4 = value.length < shortestWithHint ? '' : value.slice(-4)
  return {
    text: `insert into tenant.secret (org_id, owner, name, sealed, last4)
      select k.org_id, $3, $4, $5, $6 from tenant.data_key k where k.org_id = $1 and k.id = $2
      on conflict (org_id, owner, name) do update
        set sealed = excluded.sealed, last4 = excluded.last4, updated_at = now()`,
    values: [orgId, keyId, owner, name, sealed, last4],
  }
}
