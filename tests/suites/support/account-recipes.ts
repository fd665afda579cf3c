import { succeed } from './own-layer.ts'
import { plain, type RouteParts } from './recipe.ts'
import { counterText } from './sample-values.ts'
import type { World } from './world.ts'

/** Signing in and out, passwords, sessions, invitations, organisations. */
export function accountRecipes(): Record<string, RouteParts[]> {
  const password = 'correct-horse-battery'
  const newEmail = ({ source }: World) =>
    `${source.token}.${counterText(source.count())}@example.test`
  /** A session that nothing else needs, and what signs its owner in. */
  const own = async (world: World, more: (cookie: string) => object = () => ({})) => {
    const { cookie } = await world.openSession()
    return { headers: { cookie }, ...more(cookie) }
  }
  const invited = async (world: World) => {
    const body = { email: newEmail(world), roles: ['platform.people:viewer'] }
    return succeed<{ id: string; url: string }>(world.key.call('POST', '/invitations', body))
  }
  return {
    'POST /auth/signup': [
      {
        status: 201,
        build: (world) => ({
          headers: {},
          body: { orgName: world.source.token, email: newEmail(world), password },
        }),
      },
    ],
    'POST /auth/login': [
      {
        status: 200,
        swaps: { 'body.org': () => 'no-such-organisation' },
        async build(world) {
          const { email } = await world.openSession()
          return { headers: {}, body: { email, password, org: world.slug } }
        },
      },
      {
        status: 200,
        async build(world) {
          const { email } = await world.openSession()
          return { headers: {}, body: { email, password, org: world.orgId } }
        },
      },
    ],
    'GET /auth/link': [
      {
        status: 303,
        async build(world) {
          // Whoever comes by a link loses a password that was never proven, so somebody of their own.
          const { email, userId } = await memberSession(world)
          const token = await world.giveToken('login', email, { userId })
          return { headers: {}, query: { token } }
        },
      },
    ],
    'POST /auth/logout': [{ status: 204, build: (world) => own(world) }],
    'GET /auth/me': [
      { status: 200, build: plain },
      { status: 200, build: (world) => own(world) },
    ],
    'POST /auth/switch': [
      { status: 200, build: (world) => own(world, () => ({ body: { orgId: world.orgId } })) },
    ],
    'POST /auth/password/forgot': [
      { status: 202, build: (world) => ({ headers: {}, body: { email: newEmail(world) } }) },
    ],
    'POST /auth/password/reset': [
      {
        status: 204,
        async build(world) {
          const { email } = await memberSession(world)
          const token = await world.giveToken('reset', email)
          return { headers: {}, body: { token, password } }
        },
      },
    ],
    'POST /auth/password': [
      {
        status: 204,
        async build(world) {
          const { cookie } = await memberSession(world)
          return { headers: { cookie }, body: { password } }
        },
      },
    ],
    'GET /auth/sessions': [{ status: 200, build: (world) => own(world) }],
    'DELETE /auth/sessions/:id': [
      {
        status: 204,
        async build(world) {
          const other = await world.openSession()
          return { ...(await own(world)), path: `/auth/sessions/${other.id}` }
        },
      },
    ],
    'POST /auth/accept': [
      {
        status: 201,
        async build(world) {
          const { url } = await invited(world)
          const token = /token=([\w-]+)/.exec(url)?.[1]
          return { headers: {}, body: { token, name: world.source.token, password } }
        },
      },
    ],
    'POST /invitations': [
      {
        status: 201,
        build: (world) => ({
          body: { email: newEmail(world), roles: ['platform.people:viewer'] },
        }),
      },
    ],
    'GET /invitations': [{ status: 200, build: plain }],
    'DELETE /invitations/:id': [
      {
        status: 204,
        build: async (world) => ({ path: `/invitations/${(await invited(world)).id}` }),
      },
    ],
    'POST /orgs': [
      {
        status: 201,
        build: (world) => ({
          headers: { authorization: `Bearer ${world.app.config.operatorKey}` },
          body: { email: newEmail(world), orgName: world.source.token },
        }),
      },
    ],
  }
}

/** A member of their own, so that a new password is nobody else's. */
async function memberSession(world: World) {
  const entity = (await world.model()).entities.get('kernel:user')!
  const userId = await world.makeRecord(entity)
  return { ...(await world.openSession(userId)), userId }
}
