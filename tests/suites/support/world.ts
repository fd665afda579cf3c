import { createHash, randomBytes, randomInt } from 'node:crypto'
import type pg from 'pg'
import { uuidv7 } from '../../../kernel/database/uuid.ts'
import type { Entity, Model } from '../../../kernel/model/model.ts'
import type { Caller, TestApp } from '../../setup/test-app.ts'
import { callerWith } from './caller.ts'
import { ownContributions, publish, succeed } from './own-layer.ts'
import { counterText, sampleValues, type ValueSource } from './sample-values.ts'

/** One organisation as the isolation suites see it: who can call, what is in it, what must not get out. */
export interface World {
  readonly app: TestApp
  readonly admin: pg.Client
  readonly orgId: string
  readonly slug: string
  /** An admin's API key. */
  readonly key: Caller
  readonly userId: string
  /** A host name that belongs to this organisation alone. */
  readonly host: string
  readonly source: ValueSource
  /** What no answer to somebody else may contain. */
  readonly canaries: readonly string[]
  /** One lasting record per entity, by reference. */
  readonly kept: Map<string, string>
  model(): Promise<Model>
  /** A record of its own for whoever changes it. */
  makeRecord(entity: Entity): Promise<string>
  /** Values for a create, relations among them. */
  values(entity: Entity): Promise<Record<string, unknown>>
  /** A member who signs in with a session of their own. */
  openSession(userId?: string): Promise<OpenSession>
  /** A single-use token as the links in mails carry it. */
  giveToken(kind: 'invite' | 'reset' | 'login', email: string, data?: object): Promise<string>
}

export interface OpenSession {
  readonly id: string
  readonly cookie: string
  readonly email: string
  readonly caller: Caller
}

/** Whether only the platform makes its records: no form has all that they need. */
export function isFormless(entity: Entity): boolean {
  return [...entity.fields.values()].some(({ required, readOnly }) => required && readOnly)
}

/** @param admin a connection that may write to the directory. */
export async function createWorld(app: TestApp, admin: pg.Client, letter: string): Promise<World> {
  const token = `${letter}canary${randomBytes(5).toString('hex')}`
  const digits = `${randomInt(3, 10)}${String(randomInt(1e8)).padStart(8, '0')}`
  const slug = `${token}-org`
  const host = `${token}.example.test`
  const key = await app.createOrg({ name: `Org ${token}`, slug })
  const { orgId } = key
  const kept = new Map<string, string>()
  const making = new Set<string>()
  let counter = 0
  const source: ValueSource = {
    token,
    digits,
    count: () => ++counter,
    target: (entity) => kept.get(entity) ?? null,
  }
  const model = async () => (await app.house.orgStates.get(orgId)).model
  await publish(key, ownContributions(await model(), token))
  await admin.query('insert into directory.host (host, org_id) values ($1, $2)', [host, orgId])
  const found = await admin.query<{ user_id: string }>(
    'select user_id from directory.membership where org_id = $1',
    [orgId],
  )
  const userId = found.rows[0]!.user_id
  kept.set('kernel:user', userId)

  async function values(entity: Entity): Promise<Record<string, unknown>> {
    making.add(entity.ref)
    const all = await model()
    for (const { target } of entity.byApiName.values()) {
      const to = target === null ? undefined : all.entities.get(target)
      if (to && !kept.has(to.ref) && !making.has(to.ref)) kept.set(to.ref, await makeRecord(to))
    }
    making.delete(entity.ref)
    return sampleValues(entity, all, source)
  }

  /** Entities whose records come from a deed and not from a form. */
  const deeds: Readonly<Record<string, () => Promise<string>>> = {
    async 'platform.api-keys:key'() {
      const name = `${token} ${counterText(source.count())}`
      const { output } = await succeed<{ output: { id?: string; record?: { id: string } } }>(
        key.call('POST', '/actions/platform.api-keys:create_key', { input: { name } }),
      )
      const filter = encodeURIComponent(JSON.stringify({ name }))
      const { data } = await succeed<{ data: { id: string }[] }>(
        key.call('GET', `/api-keys?filter=${filter}`),
      )
      if (!data[0]) throw new Error(`No key was recorded: ${JSON.stringify(output)}`)
      return data[0].id
    },
  }

  async function makeRecord(entity: Entity): Promise<string> {
    const deed = deeds[entity.ref]
    if (deed) return deed()
    if (entity.definition.private || isFormless(entity)) return makeAsPlatform(entity)
    const body = await values(entity)
    return (await succeed<{ id: string }>(key.call('POST', `/${entity.plural}`, body))).id
  }

  /** What no form makes, for the member of the world; of what everybody has one of, that one. */
  async function makeAsPlatform(entity: Entity): Promise<string> {
    const known = kept.get(entity.ref)
    if (known && entity.definition.private?.includes('create')) return known
    const own = [...entity.fields.values()].flatMap(
      ({ apiName, readOnly, required, definition }) => {
        if (!readOnly || !required) return []
        const [option] = Object.keys(definition.options ?? {})
        return [[apiName, option ?? `${token} ${counterText(source.count())}`]]
      },
    )
    const ctx = await app.house.contexts.system(orgId)
    // What is nobody's has an owner that recipes change.
    const ownerId = entity.definition.private ? userId : null
    const body = { ...(await values(entity)), ...Object.fromEntries(own), ownerId }
    return (await app.house.writer.create(ctx, entity, body)).id
  }

  async function openSession(member = userId): Promise<OpenSession> {
    const login = await admin.query<{ id: string; email: string }>(
      `select l.id, l.email from directory.login l join directory.membership m on m.login_id = l.id
       where m.org_id = $1 and m.user_id = $2`,
      [orgId, member],
    )
    const { id: loginId, email } = login.rows[0] ?? (await addLogin(member))
    const cookieValue = randomBytes(32).toString('base64url')
    const id = uuidv7()
    await admin.query(
      `insert into directory.session (id, token_hash, login_id, org_id, user_id, method, address, agent)
       values ($1, $2, $3, $4, $5, 'password', '127.0.0.1', $6)`,
      [id, hashOf(cookieValue), loginId, orgId, member, token],
    )
    const cookie = `runway=${cookieValue}`
    return { id, cookie, email, caller: callerWith(app, orgId, slug, { cookie }) }
  }

  async function addLogin(member: string): Promise<{ id: string; email: string }> {
    const id = uuidv7()
    const email = `${token}.${counterText(source.count())}@login.example.test`
    await admin.query('insert into directory.login (id, email) values ($1, $2)', [id, email])
    await admin.query(
      'insert into directory.membership (login_id, org_id, user_id) values ($1, $2, $3)',
      [id, orgId, member],
    )
    return { id, email }
  }

  async function giveToken(kind: 'invite' | 'reset' | 'login', email: string, data: object = {}) {
    const text = randomBytes(32).toString('base64url')
    await admin.query(
      `insert into directory.token (id, kind, token_hash, email, org_id, data, expires_at)
       values ($1, $2, $3, $4, $5, $6, now() + interval '1 hour')`,
      [uuidv7(), kind, hashOf(text), email, kind === 'reset' ? null : orgId, data],
    )
    return text
  }

  for (const entity of (await model()).entities.values()) {
    if (!kept.has(entity.ref)) kept.set(entity.ref, await makeRecord(entity))
  }
  return {
    app,
    admin,
    orgId,
    slug,
    key,
    userId,
    host,
    source,
    canaries: [token, digits],
    kept,
    model,
    makeRecord,
    values,
    openSession,
    giveToken,
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
