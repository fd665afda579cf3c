import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './world.ts'

/** Credentials of an organisation that do not count any more, or never did, as headers by what they are. */
export async function deadCredentials(
  world: World,
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const { app, admin, key, orgId } = world
  const region = app.config.region
  const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
  const alive = key.headers['authorization']!.slice('Bearer '.length)
  const [, , keyId] = alive.split('_')
  const letters = (length: number) => randomBytes(length).toString('hex').slice(0, length)

  const revoked = await app.house.accounts.createKey(orgId, { name: 'Revoked' })
  const expired = await world.openSession()
  const ended = await world.openSession()
  const users = (await world.model()).entities.get('kernel:user')!
  const left = await world.makeRecord(users)
  const dropped = await world.makeRecord(users)
  const leaver = await world.openSession(left)
  const stranger = await world.openSession(dropped)
  // Each of them worked before.
  for (const headers of [
    bearer(revoked.key),
    ...[expired, ended, leaver, stranger].map(asCookie),
  ]) {
    const { statusCode, body } = await app.inject({ url: '/api/v1/auth/me', headers })
    if (statusCode !== 200) throw new Error(`A credential never worked: ${statusCode} ${body}`)
  }
  await app.house.accounts.revokeKey(orgId, revoked.id)
  await admin.query(
    `update directory.session set last_seen_at = now() - interval '15 days' where id = $1`,
    [expired.id],
  )
  await ended.caller.call('POST', '/auth/logout')
  await key.call('PATCH', `/users/${left}`, { active: false })
  await admin.query('delete from directory.membership where org_id = $1 and user_id = $2', [
    orgId,
    dropped,
  ])
  await sleep(1_050)

  return new Map<string, Readonly<Record<string, string>>>([
    ['no credentials', {}],
    ['a key that was revoked', bearer(revoked.key)],
    ['a key with another secret', bearer(`rk_${region}_${keyId}_${letters(43)}`)],
    ['a key that never was', bearer(`rk_${region}_${letters(12)}_${letters(43)}`)],
    ['a key of another region', bearer(alive.replace(region, 'mars'))],
    ['half a key', bearer(alive.slice(0, -1))],
    ['a bearer that is no key', bearer('nonsense')],
    ['another scheme', { authorization: `Basic ${alive}` }],
    ['a session that expired', asCookie(expired)],
    ['a session that was ended', asCookie(ended)],
    ['a session of somebody inactive', asCookie(leaver)],
    ['a session of somebody who left', asCookie(stranger)],
    ['a session that never was', { cookie: `runway=${randomBytes(32).toString('base64url')}` }],
    ['two sessions at once', { cookie: `${(await world.openSession()).cookie}; runway=other` }],
  ])
}

const asCookie = ({ cookie }: { readonly cookie: string }) => ({ cookie })
