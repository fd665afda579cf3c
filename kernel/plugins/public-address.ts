import ipaddr from 'ipaddr.js'

/** Addresses that look public and answer for the inside of a cloud. */
const metadata = new Set(['168.63.129.16'])

/**
 * Whether an address belongs to the open internet. Everything that has another meaning is not: private,
 * loopback, link-local, shared (CGNAT), documentation, multicast and reserved ranges, and the IPv6 forms
 * that carry an IPv4 address (mapped, compatible, 6to4, Teredo, NAT64), whichever it is: whoever routes
 * them decides where they lead.
 *
 * @param address As a resolver or a socket gives it; a zone (`fe80::1%eth0`) may follow.
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.split('%', 1)[0] as string
  if (!ipaddr.isValid(plain)) return false
  const parsed = ipaddr.parse(plain)
  if (parsed.range() !== 'unicast') return false
  if (parsed.kind() === 'ipv4') return !metadata.has(parsed.toString())
  // Global unicast is 2000::/3 and nothing else; below it lie the old IPv4-compatible addresses.
  return ((parsed as ipaddr.IPv6).parts[0]! & 0xe000) === 0x2000
}

export interface OutboundAllowance {
  /** Whether the operator lists this host, with or without this port. */
  host(hostname: string, port: number): boolean
  /** Whether the operator lists a range that holds the address. */
  address(address: string): boolean
}

/**
 * What the operator allows beside the open internet.
 *
 * @param entries `10.1.0.0/16`, `10.1.2.3`, `fd00::/8`, `proxy.internal`, `127.0.0.1:4010`, `[::1]:4010`.
 * @throws RangeError for an entry that is none of these.
 */
export function readAllowance(entries: readonly string[]): OutboundAllowance {
  const hosts = new Set<string>()
  const ranges: [ipaddr.IPv4 | ipaddr.IPv6, number][] = []
  for (const entry of entries) {
    if (entry.includes('/')) {
      if (!ipaddr.isValidCIDR(entry)) throw new RangeError(`"${entry}" is no range of addresses.`)
      ranges.push(ipaddr.parseCIDR(entry))
    } else if (ipaddr.isValid(entry)) {
      const one = ipaddr.parse(entry)
      ranges.push([one, one.kind() === 'ipv4' ? 32 : 128])
    } else if (/^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.test(entry)) {
      hosts.add(entry.toLowerCase())
    } else {
      throw new RangeError(`"${entry}" is no host and no range of addresses.`)
    }
  }
  return {
    host(hostname, port) {
      const name = hostname.includes(':') ? `[${hostname}]` : hostname.toLowerCase()
      return hosts.has(name) || hosts.has(`${name}:${port}`)
    },
    address(address) {
      const plain = address.split('%', 1)[0] as string
      if (!ipaddr.isValid(plain)) return false
      // ::ffff:10.0.0.1 is what a dual-stack socket says of 10.0.0.1.
      const parsed = ipaddr.process(plain)
      return ranges.some(
        ([range, bits]) => parsed.kind() === range.kind() && parsed.match([range, bits] as never),
      )
    },
  }
}
