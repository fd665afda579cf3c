import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../tests/setup/test-database.ts'
import { createDatabase, type Database } from '../database/postgres.ts'
import { uuidv7 } from '../database/uuid.ts'
import { newDataKey, SealBrokenError, seal, unseal } from './envelope.ts'
import { createVault, type Vault } from './vault.ts'

let test: TestDatabase
let db: Database
let admin: pg.Client
let vault: Vault
const [ours, theirs] = [uuidv7(), uuidv7()]
const secretKey = 'the present secret key, 32 characters or more'

beforeAll(async () => {
  test = await createTestDatabase()
  db = createDatabase({ url: test.serverUrl, secretKey: test.secretKey })
  admin = new pg.Client({ connectionString: test.adminUrl })
  await admin.connect()
  vault = createVault({ db, secretKey })
})
afterAll(async () => {
  await db.close()
  await admin.end()
  await test.drop()
})

describe('a secret', () => {
  it('comes back as it was put, and shows only its last four characters', async () => {
    await vault.put(ours, 'acme.mail', 'apiKey', 'sk-live-0123456789-ü')
    expect(await vault.get(ours, 'acme.mail', 'apiKey')).toBe('sk-live-0123456789-ü')
    expect(await vault.last4(ours, 'acme.mail', 'apiKey')).toBe('89-ü')
    await vault.put(ours, 'acme.mail', 'pin', '1234')
    expect(await vault.list(ours, 'acme.mail')).toEqual(
      new Map([
        ['apiKey', '89-ü'],
        ['pin', ''],
      ]),
    )
    const { rows } = await admin.query('select sealed from tenant.secret')
    expect(rows.every((row) => !row.sealed.toString('latin1').includes('live'))).toBe(true)
  })

  it('belongs to one organisation and one owner', async () => {
    await vault.put(ours, 'acme.mail', 'apiKey', 'ours is the longest')
    expect(await vault.get(theirs, 'acme.mail', 'apiKey')).toBeNull()
    expect(await vault.get(ours, 'acme.other', 'apiKey')).toBeNull()
  })

  it('is replaced and deleted', async () => {
    await vault.put(ours, 'acme.mail', 'x', 'one')
    await vault.put(ours, 'acme.mail', 'x', 'two')
    expect(await vault.get(ours, 'acme.mail', 'x')).toBe('two')
    expect(await vault.delete(ours, 'acme.mail', 'x')).toBe(true)
    expect(await vault.delete(ours, 'acme.mail', 'x')).toBe(false)
    expect(await vault.last4(ours, 'acme.mail', 'x')).toBeNull()
  })

  it('is not put when the transaction around it is rolled back, and later ones still open', async () => {
    const org = uuidv7()
    await expect(
      db.transaction(org, async (tx) => {
        await vault.put(org, 'acme.mail', 'x', 'lost', tx)
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await vault.get(org, 'acme.mail', 'x')).toBeNull()
    await vault.put(org, 'acme.mail', 'x', 'kept')
    expect(await createVault({ db, secretKey }).get(org, 'acme.mail', 'x')).toBe('kept')
  })

  it('gets one data key when two nodes write the first secret at once', async () => {
    const org = uuidv7()
    const nodes = [1, 2, 3, 4].map(() => createVault({ db, secretKey }))
    await Promise.all(nodes.map((node, i) => node.put(org, 'acme.mail', `n${i}`, `value ${i}`)))
    for (const i of [0, 1, 2, 3])
      expect(await vault.get(org, 'acme.mail', `n${i}`)).toBe(`value ${i}`)
  })

  it('goes with the data key of its organisation', async () => {
    const org = uuidv7()
    await vault.put(org, 'acme.mail', 'x', 'gone')
    await admin.query('delete from tenant.data_key where org_id = $1', [org])
    expect(await vault.get(org, 'acme.mail', 'x')).toBeNull()
    await vault.put(org, 'acme.mail', 'x', 'new')
    expect(await createVault({ db, secretKey }).get(org, 'acme.mail', 'x')).toBe('new')
  })
})

describe('a sealed value', () => {
  it('does not open in another row, column or organisation', async () => {
    await vault.put(ours, 'acme.mail', 'a', 'secret of a')
    await vault.put(ours, 'acme.mail', 'b', 'secret of b')
    await vault.put(theirs, 'acme.mail', 'a', 'secret of theirs')
    const move = (from: [string, string], to: [string, string]) =>
      admin.query(
        `update tenant.secret t set sealed = f.sealed from tenant.secret f
         where f.org_id = $1 and f.name = $2 and t.org_id = $3 and t.name = $4 and f.owner = 'acme.mail'`,
        [...from, ...to],
      )
    await move([ours, 'a'], [ours, 'b'])
    await expect(vault.get(ours, 'acme.mail', 'b')).rejects.toBeInstanceOf(SealBrokenError)
    await move([ours, 'a'], [theirs, 'a'])
    await expect(vault.get(theirs, 'acme.mail', 'a')).rejects.toBeInstanceOf(SealBrokenError)
    const place = { orgId: ours, table: 'tenant.x', column: 'token', row: '1' }
    const sealed = await vault.seal(place, 'value')
    expect(await vault.unseal(place, sealed)).toBe('value')
    for (const other of [
      { row: '2' },
      { column: 'other' },
      { table: 'tenant.y' },
      { orgId: theirs },
    ]) {
      await expect(vault.unseal({ ...place, ...other }, sealed)).rejects.toBeInstanceOf(
        SealBrokenError,
      )
    }
  })

  it('does not open with the data key of another organisation put in its place', async () => {
    const [a, b] = [uuidv7(), uuidv7()]
    await vault.put(a, 'acme.mail', 'x', 'of a')
    await vault.put(b, 'acme.mail', 'x', 'of b')
    await admin.query(
      'update tenant.data_key t set wrapped = f.wrapped, id = f.id from tenant.data_key f where t.org_id = $1 and f.org_id = $2',
      [a, b],
    )
    await expect(createVault({ db, secretKey }).get(a, 'acme.mail', 'x')).rejects.toBeInstanceOf(
      SealBrokenError,
    )
  })

  it('does not open when any bit of it changed', () => {
    const key = createSecretKey(newDataKey())
    const place = { orgId: ours, table: 't', column: 'c', row: 'r' }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(), (value, at) => {
        const sealed = seal(key, place, value)
        expect(unseal(key, place, sealed).equals(Buffer.from(value))).toBe(true)
        const bit = at % (sealed.length * 8)
        sealed[bit >> 3] = (sealed[bit >> 3] as number) ^ (1 << (bit & 7))
        expect(() => unseal(key, place, sealed)).toThrow(SealBrokenError)
        expect(() => unseal(key, place, sealed.subarray(0, bit >> 3))).toThrow(SealBrokenError)
      }),
      { numRuns: 500 },
    )
  })

  it('has a fresh nonce of 96 bits every time', () => {
    const key = createSecretKey(newDataKey())
    const place = { orgId: ours, table: 't', column: 'c', row: 'r' }
    const nonces = new Set<string>()
    for (let i = 0; i < 1_000; i++) {
      nonces.add(seal(key, place, Buffer.from('same')).subarray(1, 13).toString('hex'))
    }
    expect(nonces.size).toBe(1_000)
  })

  it('has a place whose parts cannot be confused', () => {
    const key = createSecretKey(newDataKey())
    expect(() =>
      seal(key, { orgId: 'a|b', table: 't', column: 'c', row: 'r' }, Buffer.alloc(1)),
    ).toThrow(TypeError)
  })
})

describe('changing the secret key', () => {
  it('goes on serving while data keys are wrapped anew, and then forgets the former key', async () => {
    const org = uuidv7()
    await vault.put(org, 'acme.mail', 'x', 'before')
    const renewed = 'another secret key that replaces the present one'
    await expect(
      createVault({ db, secretKey: renewed }).get(org, 'acme.mail', 'x'),
    ).rejects.toThrow('RUNWAY_FORMER_SECRET_KEY')
    const both = createVault({ db, secretKey: renewed, formerSecretKey: secretKey })
    // Nodes with the old key are still running.
    await vault.put(org, 'acme.mail', 'y', 'by an old node')
    expect(await both.get(org, 'acme.mail', 'x')).toBe('before')
    expect(await both.rewrap(org)).toBe(false)
    expect(await createVault({ db, secretKey: renewed }).get(org, 'acme.mail', 'y')).toBe(
      'by an old node',
    )
  })

  it('wraps anew on demand', async () => {
    const org = uuidv7()
    await vault.put(org, 'acme.mail', 'x', 'before')
    const both = createVault({ db, secretKey: `${secretKey} 2`, formerSecretKey: secretKey })
    expect(await both.rewrap(org)).toBe(true)
    expect(await both.rewrap(org)).toBe(false)
    expect(await createVault({ db, secretKey: `${secretKey} 2` }).get(org, 'acme.mail', 'x')).toBe(
      'before',
    )
  })
})
