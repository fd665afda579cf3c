import { brandShades, InvalidError, NotFoundError } from '@runwaycrm/sdk'
import { networkOf } from '../accounts/attempts.ts'
import { brandProblems } from '../model/brand-problems.ts'
import type { Model } from '../model/model.ts'
import type { OrgState } from '../model/model-cache.ts'
import { termOf } from '../model/words.ts'
import { createRateLimit } from './rate-limit.ts'
import type { Call, RouteDeclaration } from './route.ts'

export interface BrandingRoutesDeps {
  readonly orgStates: {
    get(orgId: string): Promise<Pick<OrgState, 'org' | 'brand' | 'hasOwnBrand'>>
  }
  readonly accounts: {
    findOrgBySlug(slug: string): Promise<string | null>
    findHost(host: string): Promise<string | null>
  }
  readonly config: { readonly rateLimit: number }
}

/** Of one network: enough for an office that comes to work, too little to go through names. */
const perSecond = 5

const color = { type: 'string', maxLength: 7 } as const

/** How an organisation looks to whoever is about to sign in, what a colour becomes, and what things are called. */
export function brandingRoutes(deps: BrandingRoutesDeps): RouteDeclaration[] {
  const limit = createRateLimit(deps.config.rateLimit > 0 ? perSecond : 0)
  const shared = {
    method: 'GET',
    tag: 'branding',
    idempotency: 'safe',
    rate: 'normal',
    body: null,
    response: { 200: { type: 'object' } },
  } as const

  return [
    {
      ...shared,
      auth: 'none',
      permission: null,
      path: '/branding',
      summary: 'The brand of the sign-in page, of a slug or of the host that was called',
      query: { org: { type: 'string', maxLength: 63 } },
      handler: async (call) => {
        limit.take(networkOf(call.request.ip))
        return { status: 200, body: await publicBrand(await orgOf(call)) }
      },
    },
    {
      ...shared,
      auth: 'principal',
      permission: 'settings:write',
      path: '/branding/shades',
      summary: 'The shades in which a brand colour can be read, and their contrast',
      query: { color, colorDark: color },
      handler: (call) => {
        const { color: given = '', colorDark = given } = call.query
        const errors = brandProblems({ color: given, colorDark })
        if (errors.length > 0) throw new InvalidError(undefined, { errors })
        return { status: 200, body: brandShades(given, colorDark) }
      },
    },
    {
      ...shared,
      auth: 'principal',
      permission: 'studio:read',
      path: '/branding/terms',
      summary: 'What the organisation calls its entities, in each language',
      query: {},
      handler: (call) => {
        const { model } = call.context()
        return { status: 200, body: { languages: languagesOf(model), data: termsOf(model) } }
      },
    },
  ]

  /** By what the address says, else by the host. */
  async function orgOf(call: Call): Promise<string | null> {
    const { org } = call.query
    if (org !== undefined) return deps.accounts.findOrgBySlug(org)
    const host = call.request.headers.host?.toLowerCase().replace(/:\d+$/, '')
    return host === undefined ? null : deps.accounts.findHost(host)
  }

  /**
   * An organisation that has a brand shows it to everybody. One that has none answers as one that does not
   * exist, and one that looks like its reseller does not give its name: nobody learns more from here than
   * what was put on show.
   */
  async function publicBrand(orgId: string | null): Promise<object> {
    if (orgId === null) return {}
    try {
      const { org, brand, hasOwnBrand } = await deps.orgStates.get(orgId)
      const { mailColor: _, mailFooter: __, ...shown } = brand
      if (Object.keys(shown).length === 0) return {}
      const name = shown.name ?? (hasOwnBrand ? org.name : undefined)
      return { ...shown, ...(name === undefined ? {} : { name }) }
    } catch (error) {
      if (error instanceof NotFoundError) return {}
      throw error
    }
  }
}

/** Those that some plugin brings words in. */
function languagesOf(model: Model): readonly string[] {
  return [...new Set(['en', ...[...model.messages.keys()].sort()])]
}

function termsOf(model: Model): readonly object[] {
  const languages = languagesOf(model)
  return [...model.entities.values()]
    .filter(({ definition }) => !definition.hidden)
    .sort((a, b) => (a.definition.order ?? 1000) - (b.definition.order ?? 1000))
    .map((entity) => ({
      ref: entity.ref,
      ...(entity.definition.icon === undefined ? {} : { icon: entity.definition.icon }),
      terms: Object.fromEntries(
        languages.map((locale) => [locale, termOf({ org: { locale }, model }, entity)]),
      ),
    }))
}
