import { type Brand, InvalidError, type Issue, type OrgInfo } from '@runwaycrm/sdk'
import type { Database } from '../database/postgres.ts'
import { brandProblems } from './brand-problems.ts'
import { offerPublished } from './offer-layer.ts'

/** What an organisation says of itself. Absent keeps; null in the brand clears. */
export interface OrgProfileChange {
  readonly name?: string
  readonly currency?: string
  readonly country?: string
  readonly timeZone?: string
  readonly locale?: string
  readonly brand?: { readonly [K in keyof Brand]?: string | null }
}

export interface OrgProfile {
  readonly org: OrgInfo
  /** Its own; what it leaves out comes from its reseller. */
  readonly brand: Brand
}

/**
 * Changes name, words of region and brand of an organisation in its model. Customers of a reseller get
 * its brand.
 *
 * @throws InvalidError with every problem.
 */
export async function changeOrgProfile(
  db: Database,
  orgId: string,
  change: OrgProfileChange,
): Promise<void> {
  refuseProblems(change)
  const { name, currency, country, timeZone, locale, brand } = change
  const region = [name ?? null, currency ?? null, country ?? null, timeZone ?? null, locale ?? null]
  await db.transaction(orgId, (tx) =>
    tx.run([
      {
        text: `update tenant.org_state set name = coalesce($2, name), currency = coalesce($3, currency),
            country = coalesce($4, country), time_zone = coalesce($5, time_zone), locale = coalesce($6, locale),
            brand = jsonb_strip_nulls(brand || $7::jsonb), epoch = epoch + 1
          where org_id = $1`,
        values: [orgId, ...region, JSON.stringify(brand ?? {})],
      },
      offerPublished(orgId, false),
    ]),
  )
}

/** @throws InvalidError */
function refuseProblems({ name, currency, country, timeZone, locale, brand }: OrgProfileChange) {
  const problems: Issue[] = []
  const need = (isFine: boolean, path: string, message: string) => {
    if (!isFine) problems.push({ path, code: 'BAD_FORMAT', message })
  }
  if (name !== undefined && name.trim() === '')
    problems.push({ path: 'name', code: 'REQUIRED', message: 'An organisation has a name.' })
  if (currency !== undefined)
    need(
      Intl.supportedValuesOf('currency').includes(currency),
      'currency',
      'A currency is an ISO 4217 code such as USD.',
    )
  if (country !== undefined)
    need(
      /^([A-Z]{2})?$/.test(country),
      'country',
      'A country is an ISO 3166 code of two letters such as NO, or empty.',
    )
  if (timeZone !== undefined)
    need(isTimeZone(timeZone), 'timeZone', 'A time zone is an IANA name such as Europe/Oslo.')
  if (locale !== undefined)
    need(isLocale(locale), 'locale', 'A language is a BCP 47 tag such as en or de-CH.')
  problems.push(...brandProblems(brand ?? {}))
  if (problems.length > 0) throw new InvalidError(undefined, { errors: problems })
}

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
