import { ForbiddenError, type HandlerContext, invalidInput } from '@runwaycrm/sdk'
import { type Inbound, inboundEntity, openDoor, toInbound } from './inbound.ts'
import { keepSecret, makeSecret } from './secrets.ts'
import type { Scheme } from './verify.ts'

interface Look {
  readonly signatureHeader?: string
  readonly encoding?: 'hex' | 'base64'
  readonly prefix?: string
  readonly idHeader?: string
  readonly keptHeaders?: readonly string[]
}
interface Create extends Look {
  readonly name: string
  readonly scheme?: Scheme['scheme']
  readonly description?: string
  readonly secret?: string
}

/** Opens an address with its secret, which is in this answer and nowhere else. */
export async function createInbound(input: Create, ctx: HandlerContext) {
  const { name, description, scheme = 'standard-webhooks', secret } = input
  if (scheme === 'hmac-sha256' && !input.signatureHeader) {
    throw invalidInput('signatureHeader', 'REQUIRED', 'It says where the signature stands.')
  }
  const look = lookOf(scheme, input)
  if (secret !== undefined) assertSecret(scheme, secret)
  const { id } = await ctx.records.create(inboundEntity, {
    ...{ name, scheme, active: true, secretSince: ctx.now.toISOString(), ...look },
    ...(description ? { description } : {}),
    ...(ctx.principal.userId ? { ownerId: ctx.principal.userId } : {}),
  })
  const plugin = ctx.as(null)
  const address = await openDoor(plugin, id)
  await plugin.records.update(inboundEntity, id, { address })
  return { id, address, ...(await secretFor(plugin, id, scheme, secret)) }
}

interface Change extends Look {
  readonly id: string
}

/** How messages are told from forgeries, and by what they are known. */
export async function changeInbound({ id, ...input }: Change, ctx: HandlerContext) {
  const { scheme } = await authorised(ctx, id)
  await ctx.records.update(inboundEntity, id, lookOf(scheme, input))
  return { id }
}

interface Rotate {
  readonly id: string
  readonly secret?: string
  readonly newAddress?: boolean
}

/** The former secret is good for a day; the former address for no moment. */
export async function rotateInboundSecret(input: Rotate, ctx: HandlerContext) {
  const { id, secret, newAddress = false } = input
  const inbound = await authorised(ctx, id)
  if (secret !== undefined) assertSecret(inbound.scheme, secret)
  await ctx.records.update(inboundEntity, id, { secretSince: ctx.now.toISOString() })
  const plugin = ctx.as(null)
  const doors = await plugin.tables.select('door', { where: { inbound: id }, limit: 1 })
  // One that came with an organisation from elsewhere has an address that leads there.
  if (newAddress || doors.length === 0) {
    await plugin.records.update(inboundEntity, id, { address: await openDoor(plugin, id) })
  }
  const { address } = await plugin.records.get(inboundEntity, id, { fields: ['address'] })
  return { address, ...(await secretFor(plugin, id, inbound.scheme, secret)) }
}

/**
 * Whoever has the secret says what workflows begin with, and these act with rights of their own.
 *
 * @throws ForbiddenError
 */
async function authorised(ctx: HandlerContext, id: string): Promise<Inbound> {
  const inbound = toInbound(await ctx.records.get(inboundEntity, id))
  const isMine = inbound.ownerId !== null && inbound.ownerId === ctx.principal.userId
  if (!ctx.isAdmin && !isMine) {
    throw new ForbiddenError('Only admins and whoever owns {a inbound} change how it is signed.')
  }
  return inbound
}

/** One that the other side gave is not shown. */
async function secretFor(
  plugin: HandlerContext,
  id: string,
  scheme: Scheme['scheme'],
  given: string | undefined,
): Promise<{ readonly secret?: string }> {
  if (given === undefined) return { secret: await makeSecret(plugin, 'inbound', id, scheme) }
  await keepSecret(plugin, 'inbound', id, given)
  return {}
}

function assertSecret(scheme: Scheme['scheme'], secret: string): void {
  if (scheme !== 'standard-webhooks') return
  const isWhole = /^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)
  const { length } = Buffer.from(secret.slice('whsec_'.length), 'base64')
  if (isWhole && length >= 24 && length <= 64) return
  throw invalidInput('secret', 'BAD_FORMAT', 'It is “whsec_” and 24 to 64 bytes in base64.')
}

/** Names of headers as they are compared. Those of standard webhooks are fixed. */
function lookOf(scheme: Scheme['scheme'], input: Look) {
  const { encoding, prefix, keptHeaders } = input
  const kept = keptHeaders?.map((name, at) => headerOf(`keptHeaders[${at}]`, name))
  const ofKept = kept ? { keptHeaders: [...new Set(kept)] } : {}
  if (scheme === 'standard-webhooks') return ofKept
  const named = (['signatureHeader', 'idHeader'] as const).flatMap((key) => {
    const name = input[key]
    if (name === undefined || (name === '' && key === 'signatureHeader')) return []
    return [[key, name === '' ? null : headerOf(key, name)] as const]
  })
  return {
    ...Object.fromEntries(named),
    ...(encoding ? { encoding } : {}),
    ...(prefix === undefined ? {} : { prefix: prefix || null }),
    ...ofKept,
  }
}

const kept = new Set(['authorization', 'cookie', 'proxy-authorization'])

function headerOf(path: string, text: string): string {
  const name = text.trim().toLowerCase()
  if (/^[a-z0-9][a-z0-9_-]{0,99}$/.test(name) && !kept.has(name)) return name
  throw invalidInput(path, 'BAD_FORMAT', 'The name of a header that is no credential.')
}
