import { createHmac } from 'node:crypto'
import type { Response } from 'light-my-request'
import type { Caller, TestApp } from './test-app.ts'
import type { Json } from './workflows.ts'

/** An address for another system, with the secret that was shown once. */
export interface Door {
  readonly id: string
  readonly path: string
  readonly secret: string
}

const plugin = 'integrations.webhooks'

export async function act(who: Caller, key: string, input: object): Promise<Json> {
  const answer = await who.call('POST', `/actions/${plugin}:${key}`, { input })
  if (answer.statusCode !== 200) throw new Error(`${key}: ${answer.body}`)
  return answer.json<Json>().output
}

export async function openDoor(who: Caller, more: object = {}): Promise<Door> {
  const { id, address, secret } = await act(who, 'create_inbound', { name: 'Shop', ...more })
  return { id, path: new URL(address).pathname, secret }
}

type Headers = Record<string, string>

/** The headers of the specification, by a few lines of our own. */
export function standardHeaders(
  secret: string,
  body: string | Uint8Array,
  { id = 'msg_1', at = Math.floor(Date.now() / 1_000) }: { id?: string; at?: number } = {},
): Headers {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${at}.`).update(body).digest('base64')
  return {
    ...{ 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(at) },
    'webhook-signature': `v1,${signature}`,
  }
}

export const hmacOf = (
  secret: string,
  body: string | Uint8Array,
  encoding: 'hex' | 'base64' = 'hex',
): string => createHmac('sha256', secret).update(body).digest(encoding)

export const post = (
  app: TestApp,
  url: string,
  body: string | Uint8Array | undefined,
  headers: Headers = {},
): Promise<Response> =>
  app.inject({
    ...{ method: 'POST', url, headers },
    ...(body === undefined ? {} : { payload: Buffer.from(body) }),
  })

/** Sends as the other side would. */
export const deliver = (app: TestApp, door: Door, value: unknown, more: { id?: string } = {}) => {
  const body = JSON.stringify(value)
  return post(app, door.path, body, standardHeaders(door.secret, body, more))
}
