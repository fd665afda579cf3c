/** A colour by lightness 0 to 1, chroma and hue in degrees. @see B. Ottosson, "Oklab", 2020. */
interface Oklch {
  readonly l: number
  readonly c: number
  readonly h: number
}

/** What becomes of a brand colour in one theme, as `#rrggbb`, and how well it reads (WCAG 2.2, 1 to 21). */
export interface ThemeShades {
  /** Behind the words of the primary button. */
  readonly solid: string
  /** Those words. */
  readonly onSolid: string
  /** Links and marks on the page. */
  readonly ink: string
  readonly surface: string
  readonly contrast: { readonly solid: number; readonly ink: number }
  /** How the colour itself would read with the better of black and white on it, and on the page. */
  readonly given: { readonly solid: number; readonly ink: number }
  /** Which other lightness than the colour's own is taken; null: its own. */
  readonly moved: { readonly solid: Move; readonly ink: Move }
}

export type Move = 'lighter' | 'darker' | null

export interface BrandShades {
  readonly light: ThemeShades
  readonly dark: ThemeShades
}

/** The least contrast of text, WCAG 2.2, 1.4.3. */
export const leastContrast = 4.5

/**
 * The shades that a brand colour gives, so that text on it and text in it can be read in both themes. A
 * colour is never refused: its lightness moves to where the contrast holds, hue and chroma stay. The
 * formulas are those of the studio's `tokens.css`, which a test holds them to.
 *
 * @param color `#rrggbb`.
 * @param dark for the dark theme, when it is another one.
 */
export function brandShades(color: string, dark: string = color): BrandShades {
  return { light: shadesIn('light', color), dark: shadesIn('dark', dark) }
}

function shadesIn(theme: 'light' | 'dark', color: string): ThemeShades {
  const brand = toOklch(color)
  const isLight = brand.l > 0.62
  const floor = theme === 'light' ? 0 : 0.46
  const solidL = isLight ? Math.max(brand.l, 0.71) : clamp(floor, brand.l, 0.525)
  const solid = toHex({ ...brand, l: solidL })
  const onSolid = isLight ? toHex({ ...brand, l: 0.17, c: 0.03 }) : '#ffffff'
  const inkShade =
    theme === 'light'
      ? { ...brand, l: Math.min(brand.l, 0.48), c: Math.min(brand.c, 0.2) }
      : { ...brand, l: Math.max(brand.l, 0.78), c: Math.min(brand.c, 0.13) }
  const ink = toHex(inkShade)
  const surface =
    theme === 'light'
      ? '#ffffff'
      : toHex({ ...brand, l: 0.196, c: Math.min(brand.c * 0.045, 0.008) })
  return {
    solid,
    onSolid,
    ink,
    surface,
    contrast: { solid: contrastOf(onSolid, solid), ink: contrastOf(ink, surface) },
    given: { solid: contrastOf(onSolid, color), ink: contrastOf(color, surface) },
    moved: { solid: moveOf(brand.l, solidL), ink: moveOf(brand.l, inkShade.l) },
  }
}

function moveOf(from: number, to: number): Move {
  return to === from ? null : to > from ? 'lighter' : 'darker'
}

/** The contrast of two colours. @see WCAG 2.2, "contrast ratio" */
export function contrastOf(one: string, other: string): number {
  const [high, low] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => b - a) as [
    number,
    number,
  ]
  return (high + 0.05) / (low + 0.05)
}

function luminanceOf(color: string): number {
  const [r, g, b] = linearOf(color)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function linearOf(color: string): [number, number, number] {
  const channel = (at: number) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return [channel(1), channel(3), channel(5)]
}

function toOklch(color: string): Oklch {
  const [r, g, b] = linearOf(color)
  const long = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const middle = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const short = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const l = 0.2104542553 * long + 0.793617785 * middle - 0.0040720468 * short
  const a = 1.9779984951 * long - 2.428592205 * middle + 0.4505937099 * short
  const bb = 0.0259040371 * long + 0.7827717662 * middle - 0.808675766 * short
  return { l, c: Math.hypot(a, bb), h: (Math.atan2(bb, a) * 180) / Math.PI }
}

/** What lies outside of sRGB is cut off per channel, as browsers do. */
function toHex({ l, c, h }: Oklch): string {
  const a = c * Math.cos((h * Math.PI) / 180)
  const b = c * Math.sin((h * Math.PI) / 180)
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const middle = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3
  const channels = [
    4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * middle + 1.707614701 * short,
  ]
  const hex = channels.map((linear) => {
    const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055
    return Math.round(clamp(0, value, 1) * 255)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${hex.join('')}`
}

function clamp(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
