import type { RouteRequest } from '@runwaycrm/sdk'
import type { Posted } from './read-answers.ts'

/** Where somebody came from, as far as their browser told. */
export interface Source {
  /** The page that the form stands in, or its own. */
  readonly page: string | null
  readonly referrer: string | null
  readonly utmSource: string | null
  readonly utmMedium: string | null
  readonly utmCampaign: string | null
  readonly utmTerm: string | null
  readonly utmContent: string | null
}

const utm = {
  utmSource: 'utm_source',
  utmMedium: 'utm_medium',
  utmCampaign: 'utm_campaign',
  utmTerm: 'utm_term',
  utmContent: 'utm_content',
} as const

/** Names of the values that go through the page and come back with what was filled in. */
export const keptNames = ['_page', '_referrer', ...Object.values(utm)] as const

const mostAddress = 2_000
const mostWord = 200

/** What is known when the page is asked for. */
export function keptAtFirst({ query, visit }: RouteRequest): Readonly<Record<string, string>> {
  const around = visit?.isFramed ? visit.referrer : null
  const page = around ?? bare(visit?.address ?? null)
  const referrer = visit?.isFramed ? null : (visit?.referrer ?? null)
  const said = around !== null && URL.canParse(around) ? new URL(around).searchParams : null
  const words = Object.values(utm).map((name) => [
    name,
    typeof query[name] === 'string' ? query[name] : (said?.get(name) ?? ''),
  ])
  const all = [['_page', page ?? ''], ['_referrer', referrer ?? ''], ...words] as [string, string][]
  return Object.fromEntries(
    all.filter(([, value]) => value !== '').map(([name, value]) => [name, cut(name, value)]),
  )
}

/** The same when it comes back: told by whoever posts, and no more trusted than what they filled in. */
export function keptOf(posted: Posted): Readonly<Record<string, string>> {
  return Object.fromEntries(
    keptNames.flatMap((name) => {
      const value = Object.hasOwn(posted, name) ? posted[name] : undefined
      return typeof value === 'string' && value !== '' ? [[name, cut(name, value)]] : []
    }),
  )
}

export function sourceOf(kept: Readonly<Record<string, string>>): Source {
  const words = Object.entries(utm).map(([key, name]) => [key, kept[name] ?? null])
  return {
    page: kept['_page'] ?? null,
    referrer: kept['_referrer'] ?? null,
    ...(Object.fromEntries(words) as Omit<Source, 'page' | 'referrer'>),
  }
}

const cut = (name: string, value: string): string =>
  value.slice(0, name.startsWith('_') ? mostAddress : mostWord)

const bare = (address: string | null): string | null => address?.split('?', 1)[0] ?? null
