import { randomBytes } from 'node:crypto'
import type { Caller, TestApp } from './test-app.ts'

/** Invites somebody into the organisation of an admin and lets them accept. */
export async function joinOrg(
  app: TestApp,
  admin: Caller,
  role: string,
  name = 'Member',
): Promise<Caller & { readonly userId: string }> {
  const email = `m${randomBytes(8).toString('hex')}@join.example.test`
  const invited = await admin.call('POST', '/invitations', { email, roles: [role] })
  if (invited.statusCode >= 300) throw new Error(invited.body)
  const token = invited.json<{ url: string }>().url.split('token=')[1]
  const accepted = await app.inject({
    method: 'POST',
    url: '/api/v1/auth/accept',
    payload: { token, name, password: randomBytes(12).toString('hex') },
  })
  if (accepted.statusCode >= 300) throw new Error(accepted.body)
  const headers = { cookie: String(accepted.headers['set-cookie']).split(';')[0] ?? '' }
  const { userId } = accepted.json<{ userId: string }>()
  const call: Caller['call'] = (method, url, body, more = {}) =>
    app.inject({
      method: method as 'GET',
      url: `/api/v1${url}`,
      headers: { ...headers, ...more },
      ...(body === undefined ? {} : { payload: body as object }),
    })
  return { orgId: admin.orgId, slug: admin.slug, headers, call, userId }
}
