import { isIP, isIPv6 } from 'node:net'
import { domainToASCII } from 'node:url'
import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { formedText } from './formed-text.ts'

/** An address of IPv4 or IPv6, the latter in the short form of RFC 5952. */
export const ipAddress: FieldTypeHandler = () => ipCodec

/** The domain of an organisation, `example.com`; whole web addresses and a leading www are cut down to it. */
export const domain: FieldTypeHandler = () => domainCodec

const ipCodec = formedText((text) => {
  if (isIPv6(text) && !text.includes('%')) return new URL(`http://[${text}]/`).hostname.slice(1, -1)
  return isIP(text) === 4 ? text : null
}, 'Expected an address such as 192.0.2.7 or 2001:db8::7.')

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const domainForm = new RegExp(`^(?:${label}\\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$`)

const domainCodec = formedText((text) => {
  const host = text
    .toLowerCase()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/[/?#:].*$/, '')
    .replace(/^www\./, '')
    .replace(/\.$/, '')
  const ascii = domainToASCII(host)
  return ascii.length <= 253 && domainForm.test(ascii) ? ascii : null
}, 'Expected a domain such as example.com.')
