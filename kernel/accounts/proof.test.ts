import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { accountsKey, contextKey, signContext } from '../database/org-context.ts'
import { createDatabase, type Database, type Statement } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { createDirectory, type Directory } from './directory.ts'
import { createProofs, signProof } from './proof.ts'

/**
 * Functions over accounts that anybody may call: they answer a secret's digest, say what is no secret,
 * or give pairs of ids to workers.
 */
const open = ['find_session', 'find_key', 'find_token']
const harmless = [
  'find_org',
  'find_org_by_slug',
  'find_host',
  'stale_schedules',
  'stale_search',
  'behind_search',
]
/** They answer for the organisation of the signed context, and join one only while it is being made. */
const resellers = ['customers', 'join_reseller', 'offer_layer', 'reseller_epoch', 'reseller_layer']
/** They tell keys of the organisation of the signed context apart, without what opens anything. */
const ownKeys = ['key_makers', 'working_keys']
const withoutProof = [...open, ...harmless, ...resellers, ...ownKeys]

let database: TestDatabase
let db: Database
let directory: Directory
let key: Buffer
let deeds: { name: string; call: string }[]
const [ours, theirs] = [uuidv7(), uuidv7()]
const soon = () => Math.floor(Date.now() / 1000) + 60

beforeAll(async () => {
  database = await createTestDatabase()
  db = createDatabase({ url: database.serverUrl, secretKey: database.secretKey, poolSize: 1 })
  directory = createDirectory(db, createProofs(database.secretKey))
  key = accountsKey(database.secretKey)
  const row = { plan: 'free', region: 'local', currency: 'USD', country: '' }
  for (const [id, slug] of [
    [ours, 'ours'],
    [theirs, 'theirs'],
  ] as const) {
    await directory.createOrg({ ...row, id, slug, name: slug, time_zone: 'UTC', locale: 'en' })
    await directory.activateOrg(id)
  }
  deeds = await functionsOverAccounts()
})
afterAll(async () => {
  await db?.close()
  await database?.drop()
})

/** Every SECURITY DEFINER function that touches an account's table, with a call that is right but for the proof. */
async function functionsOverAccounts() {
  const admin = new pg.Client({ connectionString: database.adminUrl })
  await admin.connect()
  const { rows } = await admin.query<{ name: string; types: string[] }>(
    `select p.proname::text as name,
       array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, n) order by n) as types
     from pg_proc p join pg_namespace n on n.oid = p.pronamespace and n.nspname = 'kernel'
     where p.prosecdef and p.prosrc ~ 'directory[.](org|login|membership|session|api_key|token|login_attempt|host)\\M'
       and has_function_privilege('runway_server', p.oid, 'execute') order by 1`,
  )
  await admin.end()
  const sample: Record<string, string> = {
    uuid: `'${theirs}'`,
    text: `'victim@example.test'`,
    bytea: `'\\x00'`,
    jsonb: `'{}'`,
    'text[]': `'{}'`,
    interval: `'1 hour'`,
    integer: '1',
  }
  return rows.map(({ name, types }) => ({
    name,
    call: `select * from kernel.${name}(${types.map((type) => `${sample[type]}::${type}`).join(', ')})`,
  }))
}

/** What the call answers as the server's role inside of `ours`: `done`, or the SQLSTATE. */
async function attempt(call: string, ...before: Statement[]): Promise<unknown> {
  const statements = [...before, { text: call, values: [] }]
  return db.batch(ours, statements).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )
}
const withProof = (proof: string): Statement => ({
  text: `select set_config('runway.proof', $1, true)`,
  values: [proof],
})

describe('the functions over accounts', () => {
  it('are these, and whoever adds one decides whether it needs a proof', () => {
    expect(deeds.length).toBeGreaterThan(30)
    expect(deeds.map(({ name }) => name)).toEqual(expect.arrayContaining(withoutProof))
  })

  it('refuse whoever has no proof, in the context of an organisation or without one', async () => {
    for (const { name, call } of deeds) {
      if (withoutProof.includes(name)) continue
      expect(await attempt(call), name).toBe('42501')
      const alone = db.query(null, { text: call, values: [] })
      await expect(alone, name).rejects.toMatchObject({ code: '42501' })
    }
  })

  it('refuse a proof about somebody else, for another deed, out of time, or signed by another key', async () => {
    for (const { name, call } of deeds) {
      if (withoutProof.includes(name)) continue
      const wrong = {
        'another organisation': signProof(key, name, ours, soon()),
        'another deed': signProof(key, `${name}x`, theirs, soon()),
        'out of time': signProof(key, name, theirs, soon() - 120),
        'out of time, about an email': signProof(key, name, 'victim@example.test', soon() - 120),
        'another secret': signProof(accountsKey('another'), name, theirs, soon()),
        'the key of contexts': signProof(contextKey(database.secretKey), name, theirs, soon()),
        'a context': signContext(contextKey(database.secretKey), theirs, soon()),
        nonsense: 'nonsense',
        nothing: '',
      }
      for (const [what, proof] of Object.entries(wrong)) {
        expect(await attempt(call, withProof(proof)), `${name}: ${what}`).toBe('42501')
      }
    }
  })

  it('make no key for another organisation when a statement is injected, and one with the right proof', async () => {
    const call = deeds.find(({ name }) => name === 'add_key')!.call
    const named = call.replace(`'victim@example.test'`, `'abcdefghijkl'`)
    expect(await attempt(named)).toBe('42501')
    expect(await directory.findKeyOf(theirs, 'abcdefghijkl')).toBeNull()
    expect(await attempt(named, withProof(signProof(key, 'add_key', theirs, soon())))).toBe('done')
    expect(await directory.findKeyOf(theirs, 'abcdefghijkl')).not.toBeNull()
  })

  it('tell of keys of the organisation of the context alone', async () => {
    const text = `select id from kernel.working_keys()
      union all select id from kernel.key_makers(array['abcdefghijkl'])`
    const told = async (orgId: string | null) =>
      (await db.query(orgId, { text, values: [] })).rows.length
    expect(await told(theirs)).toBe(2)
    expect(await told(ours)).toBe(0)
    expect(await told(null)).toBe(0)
  })

  it('leave no proof behind on the connection', async () => {
    // The pool has one connection, so what follows runs where the proof was.
    await directory.revokeKey(theirs, 'abcdefghijkl')
    const { rows } = await db.query<{ proof: string | null }>(null, {
      text: `select current_setting('runway.proof', true) as proof`,
      values: [],
    })
    expect(rows[0]?.proof ?? '').toBe('')
    expect(await attempt(`select kernel.revoke_key('${theirs}', 'abcdefghijkl')`)).toBe('42501')
  })

  it('keep their key and the making of proofs to themselves', async () => {
    expect(await attempt('select * from kernel.accounts_key')).toBe('42501')
    expect(await attempt(`select kernel.check_proof('add_key', '${theirs}')`)).toBe('42501')
  })

  it('note events for the organisation of the context alone', async () => {
    const note = (orgId: string) => `select kernel.note_outbox('${orgId}', '${uuidv7()}')`
    expect(await attempt(note(theirs))).toBe('23502')
    expect(await attempt(note(ours))).toBe('done')
  })
})
