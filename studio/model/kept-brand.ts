import type { Brand } from '@runwaycrm/sdk'

/** The look of the organisation that was open last in this browser, for the first paint and for sign-in. */
export interface KeptBrand extends Brand {
  readonly slug?: string
}

const storageKey = 'runway.brand'

export function readBrand(storage: Pick<Storage, 'getItem'>): KeptBrand {
  try {
    const kept: unknown = JSON.parse(storage.getItem(storageKey) ?? '{}')
    return typeof kept === 'object' && kept !== null ? kept : {}
  } catch {
    // A colour alone, as it was kept once.
    return {}
  }
}

/** Pictures beside the sign-in are large and come with it; what does not fit is left for another time. */
export function keepBrand(
  storage: Pick<Storage, 'setItem' | 'removeItem'>,
  { picture: _, ...brand }: KeptBrand,
): void {
  try {
    storage.setItem(storageKey, JSON.stringify(brand))
  } catch {
    storage.removeItem(storageKey)
  }
}

/** `--brand` as tokens.css takes it; null for what is no colour. */
export function brandValue({ color, colorDark }: Brand): string | null {
  const isColor = (text: string | undefined) => /^#[0-9a-f]{6}$/i.test(text ?? '')
  if (!isColor(color)) return null
  return isColor(colorDark) ? `light-dark(${color}, ${colorDark})` : `${color}`
}
