import { useQuery } from '@tanstack/vue-query'
import { computed, watch } from 'vue'
import { useRoute } from 'vue-router'
import { brandValue, type KeptBrand, keepBrand, readBrand } from '../model/kept-brand.ts'
import { useServices } from './use-services.ts'

/** The product's own name, where no organisation has another. */
export const productName = 'RunwayCRM'

/** Colour and icon of the page. */
export function showBrand(brand: KeptBrand): void {
  const value = brandValue(brand)
  const { style } = document.documentElement
  if (value === null) style.removeProperty('--brand')
  else style.setProperty('--brand', value)
  const icon = document.querySelector<HTMLLinkElement>('link[rel=icon]')
  const wanted = brand.favicon ?? brand.logo ?? '/icon.svg'
  if (icon && icon.getAttribute('href') !== wanted) icon.href = wanted
}

/** Of whoever is signed in: shown, and kept for the next time. */
export function showAndKeepBrand(brand: KeptBrand): void {
  showBrand(brand)
  keepBrand(localStorage, brand)
}

/**
 * Before anybody has signed in: the organisation that the address names, else that of the host, else the
 * one that was open last in this browser.
 */
export function useSignBrand() {
  const { api } = useServices()
  const route = useRoute()
  const kept = readBrand(localStorage)
  const named = computed(() => (typeof route.query['org'] === 'string' ? route.query['org'] : ''))
  /** A new organisation has no look yet. */
  const slug = computed(() => named.value || (route.meta['isNewOrg'] ? '' : (kept.slug ?? '')))
  const query = useQuery({
    queryKey: computed(() => ['branding', slug.value]),
    queryFn: () => api.branding.shown(slug.value),
    retry: false,
    staleTime: 60_000,
  })
  const brand = computed<KeptBrand>(() => {
    const own = slug.value !== '' && slug.value === kept.slug ? kept : {}
    const shown = query.data.value
    if (!shown) return own
    // Whoever was in there knows its name, also when it is on show to nobody else.
    return own.name && !shown.name ? { ...shown, name: own.name } : shown
  })
  watch(brand, showBrand, { immediate: true })
  return { brand, slug }
}
