import type { Brand, Issue } from '@runwaycrm/sdk'

/** What each part of a brand is: a text, a colour, a picture (each with its most characters) or a choice. */
export const brandParts = {
  name: { kind: 'text', most: 120 },
  color: { kind: 'color', most: 7 },
  colorDark: { kind: 'color', most: 7 },
  // As a data address: about 48 KB of picture.
  logo: { kind: 'picture', most: 65_536 },
  favicon: { kind: 'picture', most: 65_536 },
  headline: { kind: 'text', most: 160 },
  caption: { kind: 'text', most: 120 },
  scene: { kind: 'scene', most: 10 },
  // It is read with the state of the organisation, so it stays small: about 144 KB.
  picture: { kind: 'picture', most: 196_608 },
  mailColor: { kind: 'color', most: 7 },
  mailFooter: { kind: 'text', most: 500 },
} as const satisfies Record<keyof Brand, { readonly kind: string; readonly most: number }>

const scenes: readonly unknown[] = ['runway', 'plain']

/** What is wrong with a change of the brand; null clears a part and is always right. */
export function brandProblems(
  brand: {
    readonly [K in keyof Brand]?: string | null
  },
): readonly Issue[] {
  return (Object.keys(brandParts) as (keyof Brand)[]).flatMap((key) => {
    const value = brand[key]
    const message = value == null ? null : problemOf(key, value)
    return message === null ? [] : [{ path: `brand.${key}`, code: 'BAD_FORMAT' as const, message }]
  })
}

function problemOf(key: keyof Brand, value: string): string | null {
  const { kind, most } = brandParts[key]
  if (kind === 'color' && !/^#[0-9a-f]{6}$/i.test(value))
    return 'A colour is written like #2f6fed, six hexadecimal digits.'
  if (kind === 'picture' && (value.length > most || !isPicture(value)))
    return `A picture is a PNG, JPEG or WebP as a data address of at most ${most / 1024} KiB.`
  if (kind === 'scene' && !scenes.includes(value)) return `Choose one of ${scenes.join(', ')}.`
  if (kind === 'text' && value.trim() === '') return 'Write something, or null to clear it.'
  return null
}

/** Never SVG: it could carry script. */
function isPicture(text: string): boolean {
  return /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/.test(text)
}
