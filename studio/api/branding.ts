import type { Brand, BrandShades } from '@runwaycrm/sdk'
import type { Http } from './http.ts'

/** What an organisation calls the records of an entity, per language. */
export interface EntityTerms {
  readonly ref: string
  readonly icon?: string
  readonly terms: Readonly<Record<string, { readonly one: string; readonly many: string }>>
}
export interface Terms {
  readonly languages: readonly string[]
  readonly data: readonly EntityTerms[]
}
/** Null clears a part, so that the reseller's or the product's own comes back. */
export type BrandChange = { readonly [K in keyof Brand]?: string | null }

export function createBrandingApi(http: Http) {
  return {
    /** Of whoever is about to sign in. @param org a slug; empty: the host decides. */
    shown: (org: string) =>
      http.get<Brand>(`/branding${org ? `?org=${encodeURIComponent(org)}` : ''}`),
    get: async () => (await http.get<{ readonly brand: Brand }>('/settings')).brand,
    change: async (brand: BrandChange) =>
      (await http.request<{ brand: Brand }>('PATCH', '/settings/org', { body: { brand } })).data
        .brand,
    shades: (color: string, colorDark: string) =>
      http.get<BrandShades>(
        `/branding/shades?${new URLSearchParams({ color, ...(colorDark && { colorDark }) })}`,
      ),
    terms: () => http.get<Terms>('/branding/terms'),
  }
}
