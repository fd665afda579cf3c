import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOutbound, type OutboundOptions } from './outbound.ts'
import { isPublicAddress, readAllowance } from './public-address.ts'

const refused = [
  // "This network" and the unspecified address, which reach the machine itself.
  '0.0.0.0',
  '0.1.2.3',
  '::',
  // Loopback, also as IPv4 inside IPv6.
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '::127.0.0.1',
  '::7f00:1',
  // Private.
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '::ffff:10.0.0.1',
  '::ffff:192.168.1.1',
  'fc00::1',
  'fd12:3456:789a::1',
  // Shared address space of providers.
  '100.64.0.1',
  '100.127.255.255',
  // Link-local and the metadata services of clouds.
  '169.254.0.1',
  '169.254.169.254',
  '::ffff:169.254.169.254',
  'fe80::1',
  'fe80::1%eth0',
  'febf::1',
  'fec0::1',
  'fd00:ec2::254',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  // NAT64, 6to4 and Teredo, whatever address they carry.
  '64:ff9b::7f00:1',
  '64:ff9b::a00:1',
  '64:ff9b::808:808',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2002:a00:1::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '::ffff:0:127.0.0.1',
  // Documentation, benchmarks, relays, multicast, reserved, broadcast.
  '192.0.2.1',
  '198.51.100.7',
  '203.0.113.9',
  '198.18.0.1',
  '198.19.255.255',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '2001:db8::1',
  '2001:2::1',
  '3fff::1',
  'ff02::1',
  '100::1',
  '5f00::1',
  '4000::1',
  // No address at all.
  '',
  'localhost',
  '127.1',
  '0x7f.0.0.1',
  '2130706433',
  '1.2.3.4.5',
]

const open = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.1',
  '100.63.255.255',
  '100.128.0.1',
  '169.253.1.1',
  '2606:4700:4700::1111',
  '2a00:1450:4001:82a::200e',
]

describe('which addresses are public', () => {
  it.each(refused)('refuses %s', (address) => expect(isPublicAddress(address)).toBe(false))
  it.each(open)('takes %s', (address) => expect(isPublicAddress(address)).toBe(true))
})

describe('what the operator allows', () => {
  const allowance = readAllowance(['10.1.0.0/16', 'fd00::/8', 'proxy.internal', '127.0.0.1:4010'])
  it('is a range, a host, or a host with a port', () => {
    expect(allowance.address('10.1.2.3')).toBe(true)
    expect(allowance.address('::ffff:10.1.2.3')).toBe(true)
    expect(allowance.address('10.2.0.1')).toBe(false)
    expect(allowance.address('fd00::7')).toBe(true)
    expect(allowance.host('Proxy.Internal', 80)).toBe(true)
    expect(allowance.host('127.0.0.1', 4010)).toBe(true)
    expect(allowance.host('127.0.0.1', 4011)).toBe(false)
  })
  it('is nothing else', () => {
    expect(() => readAllowance(['10.0.0.0/40'])).toThrow(RangeError)
    expect(() => readAllowance(['http://example.com'])).toThrow(RangeError)
  })
})

describe('the outbound door', () => {
  let server: Server
  let port: number
  const reached: string[] = []
  beforeAll(async () => {
    server = createServer((request, response) => {
      reached.push(`${request.headers.host}${request.url}`)
      answer(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  })
  afterAll(() => {
    server.closeAllConnections()
    server.close()
  })

  function answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/moved') {
      response.writeHead(302, { location: `http://127.0.0.1:${port}/secret` }).end()
    } else if (request.url === '/endless') {
      const timer = setInterval(() => response.write('x'.repeat(64 * 1024)), 1)
      response.on('close', () => clearInterval(timer))
    } else if (request.url === '/never') {
      // Nothing comes.
    } else if (request.url === '/echo') {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(201, { 'content-type': 'application/json', 'set-cookie': ['a', 'b'] })
        response.end(JSON.stringify({ method: request.method, headers: request.headers, body }))
      })
    } else {
      response.end('hello')
    }
  }

  async function get(
    url: string,
    more: Partial<OutboundOptions> & {
      hosts?: string[]
      timeoutMs?: number
      signal?: AbortSignal
    } = {},
    init: Record<string, unknown> = {},
  ) {
    const outbound = createOutbound(more)
    const signal = more.signal ?? new AbortController().signal
    try {
      return await outbound.fetch({ hosts: more.hosts ?? ['*'], signal }, url, {
        timeoutMs: more.timeoutMs ?? 5_000,
        ...init,
      })
    } finally {
      await outbound.close()
    }
  }
  const listed = () => ({ allow: [`127.0.0.1:${port}`] })

  it('reaches a host that the operator lists', async () => {
    const reply = await get(`http://127.0.0.1:${port}/`, listed())
    expect(reply.status).toBe(200)
    expect(await reply.text()).toBe('hello')
  })

  it('sends method, headers and body, and no header that is the connection’s own', async () => {
    const reply = await get(`http://127.0.0.1:${port}/echo`, listed(), {
      method: 'POST',
      headers: { Authorization: 'Bearer x', Host: 'evil.example', 'Transfer-Encoding': 'chunked' },
      body: '{"a":1}',
    })
    expect(reply.status).toBe(201)
    expect(reply.headers['set-cookie']).toBe('a, b')
    expect(await reply.json()).toMatchObject({
      method: 'POST',
      body: '{"a":1}',
      headers: { authorization: 'Bearer x', host: `127.0.0.1:${port}`, 'content-length': '7' },
    })
  })

  it.each([
    (p: number) => `http://127.0.0.1:${p}/`,
    (p: number) => `http://localhost:${p}/`,
    (p: number) => `http://[::1]:${p}/`,
    (p: number) => `http://[::ffff:127.0.0.1]:${p}/`,
    (p: number) => `http://0.0.0.0:${p}/`,
    (p: number) => `http://127.1:${p}/`,
    (p: number) => `http://0x7f000001:${p}/`,
    (p: number) => `http://2130706433:${p}/`,
    (p: number) => `http://017700000001:${p}/`,
    (p: number) => `http://127.0.0.1.:${p}/`,
  ])('refuses the inside however it is spelled: %#', async (url) => {
    const before = reached.length
    await expect(get(url(port))).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(reached.length).toBe(before)
  })

  it('refuses a name that leads inside', async () => {
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    await expect(get(`http://crm.example:${port}/`, { resolve })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('refuses a name of which one address leads inside', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '::1', family: 6 },
    ]
    await expect(get(`http://crm.example:${port}/`, { resolve })).rejects.toMatchObject({
      code: 'FORBIDDEN',
    })
  })

  it('asks once per connection and connects to what it checked, when a name changes its address', async () => {
    let asked = 0
    const resolve = async () => {
      asked++
      return [
        asked === 1 ? { address: '192.0.2.1', family: 4 } : { address: '127.0.0.1', family: 4 },
      ]
    }
    const allow = ['192.0.2.0/24']
    const before = reached.length
    await expect(
      get(`http://rebind.example:${port}/`, { resolve, allow, timeoutMs: 300 }),
    ).rejects.toMatchObject({ name: 'OutboundError' })
    expect(asked).toBe(1)
    await expect(
      get(`http://rebind.example:${port}/`, { resolve, allow, timeoutMs: 300 }),
    ).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(reached.length).toBe(before)
  })

  it('gives a redirect back and does not follow it', async () => {
    const before = reached.length
    const reply = await get(`http://127.0.0.1:${port}/moved`, listed())
    expect(reply.status).toBe(302)
    expect(reply.headers['location']).toContain('/secret')
    expect(reached.length).toBe(before + 1)
  })

  it('ends an answer that is too large', async () => {
    await expect(
      get(`http://127.0.0.1:${port}/endless`, { ...listed(), mostBytes: 200_000 }),
    ).rejects.toMatchObject({ reason: 'too_large' })
  })

  it('does not wait longer than it was told', async () => {
    await expect(
      get(`http://127.0.0.1:${port}/never`, { ...listed(), timeoutMs: 200 }),
    ).rejects.toMatchObject({ reason: 'timeout' })
  })

  it('stops when its caller stops', async () => {
    const stop = new AbortController()
    const asked = get(`http://127.0.0.1:${port}/never`, { ...listed(), signal: stop.signal })
    setTimeout(() => stop.abort(new Error('stopped')), 50)
    await expect(asked).rejects.toThrow('stopped')
  })

  it('says when nobody answers', async () => {
    await expect(get('http://127.0.0.1:9/', { allow: ['127.0.0.1:9'] })).rejects.toMatchObject({
      reason: 'unreachable',
    })
  })

  it.each([
    ['http://other.example/', ['api.example.com']],
    ['http://api.example.com:8080/', ['api.example.com']],
    ['http://api.example.com.evil.test/', ['api.example.com', '*.example.com']],
    ['http://evilexample.com/', ['*.example.com']],
    ['http://example.com/', ['*.example.com']],
    ['http://api.example.com/', []],
  ])('refuses %s for a plugin with the hosts %s', async (url, hosts) => {
    await expect(get(url, { hosts })).rejects.toThrow('lacks the capability "net"')
  })

  it.each(['file:///etc/passwd', 'ftp://example.com/', 'data:text/plain,x', 'nonsense'])(
    'refuses %s',
    async (url) => {
      await expect(get(url)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    },
  )

  it('refuses a user and a password in the address', async () => {
    await expect(get('http://user:pass@example.com/')).rejects.toMatchObject({ code: 'FORBIDDEN' })
  })
})
