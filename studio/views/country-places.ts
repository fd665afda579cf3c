import type { LatLng } from './map-math.ts'

/**
 * About the middle of the inhabited part of each country, in whole degrees: where an address stands whose
 * coordinates nobody has recorded. Codes are ISO 3166-1 alpha-2.
 */
const places = `
AD 43 2|AE 24 54|AF 34 66|AG 17 -62|AL 41 20|AM 40 45|AO -12 17|AR -35 -64|AT 48 14|AU -27 134|AZ 40 48|BA 44 18
BB 13 -60|BD 24 90|BE 51 5|BF 12 -2|BG 43 25|BH 26 51|BI -3 30|BJ 9 2|BN 5 115|BO -17 -65|BR -14 -52|BS 24 -77
BT 27 90|BW -22 24|BY 53 28|BZ 17 -89|CA 56 -106|CD -3 24|CF 7 21|CG -1 15|CH 47 8|CI 7 -6|CL -34 -71|CM 6 12
CN 35 104|CO 4 -73|CR 10 -84|CU 22 -79|CV 15 -24|CY 35 33|CZ 50 15|DE 51 10|DJ 12 43|DK 56 10|DM 15 -61|DO 19 -71
DZ 34 3|EC -1 -78|EE 59 26|EG 27 30|ER 15 39|ES 40 -4|ET 9 39|FI 63 26|FJ -18 178|FM 7 158|FR 47 2|GA -1 12
GB 53 -2|GD 12 -62|GE 42 44|GH 8 -1|GL 65 -50|GM 13 -15|GN 10 -11|GQ 2 10|GR 39 22|GT 15 -90|GW 12 -15|GY 5 -59
HK 22 114|HN 15 -87|HR 45 16|HT 19 -72|HU 47 19|ID -3 113|IE 53 -8|IL 31 35|IN 22 79|IQ 33 44|IR 32 53|IS 65 -19
IT 43 12|JM 18 -77|JO 31 36|JP 36 138|KE 0 38|KG 41 75|KH 13 105|KI 1 173|KM -12 43|KN 17 -63|KP 40 127|KR 36 128
KW 29 48|KZ 48 68|LA 18 104|LB 34 36|LC 14 -61|LI 47 10|LK 7 81|LR 6 -9|LS -29 28|LT 55 24|LU 50 6|LV 57 25
LY 30 17|MA 32 -6|MC 44 7|MD 47 29|ME 43 19|MG -19 47|MH 7 171|MK 42 22|ML 15 -4|MM 21 96|MN 47 104|MO 22 114
MR 19 -11|MT 36 14|MU -20 58|MV 3 73|MW -13 34|MX 23 -102|MY 4 109|MZ -18 36|NA -22 17|NE 16 8|NG 9 8|NI 13 -85
NL 52 5|NO 61 9|NP 28 84|NR -1 167|NZ -41 174|OM 21 57|PA 9 -80|PE -10 -76|PG -6 145|PH 13 122|PK 30 70|PL 52 19
PR 18 -66|PS 32 35|PT 39 -8|PW 7 134|PY -23 -58|QA 25 51|RO 46 25|RS 44 21|RU 56 44|RW -2 30|SA 24 45|SB -9 160
SC -5 55|SD 15 30|SE 60 16|SG 1 104|SI 46 15|SK 49 19|SL 8 -12|SM 44 12|SN 14 -14|SO 5 46|SR 4 -56|SS 7 30
ST 0 7|SV 14 -89|SY 35 38|SZ -27 31|TD 15 19|TG 8 1|TH 15 101|TJ 39 71|TL -9 126|TM 39 60|TN 34 9|TO -21 -175
TR 39 35|TT 10 -61|TV -9 179|TW 24 121|TZ -6 35|UA 49 31|UG 1 32|US 39 -98|UY -33 -56|UZ 41 64|VA 42 12|VC 13 -61
VE 8 -66|VN 16 107|VU -16 167|WS -14 -172|XK 43 21|YE 15 44|ZA -29 25|ZM -14 28|ZW -19 30`

const byCode: ReadonlyMap<string, LatLng> = new Map(
  places
    .trim()
    .split(/[|\n]/)
    .map((entry) => {
      const [code = '', lat, lng] = entry.split(' ')
      return [code, { lat: Number(lat), lng: Number(lng) }]
    }),
)

/** What people write besides the names that the platform knows. */
const alsoCalled: Readonly<Record<string, string>> = {
  uk: 'GB',
  'great britain': 'GB',
  england: 'GB',
  scotland: 'GB',
  wales: 'GB',
  usa: 'US',
  'united states of america': 'US',
  korea: 'KR',
  'south korea': 'KR',
  'czech republic': 'CZ',
  holland: 'NL',
  'ivory coast': 'CI',
  burma: 'MM',
  uae: 'AE',
}

const namesOf = new Map<string, ReadonlyMap<string, string>>()
function codesByName(locale: string): ReadonlyMap<string, string> {
  const known = namesOf.get(locale)
  if (known) return known
  const names = new Intl.DisplayNames([locale], { type: 'region' })
  const found = new Map(
    [...byCode.keys()].map((code) => [(names.of(code) ?? code).toLowerCase(), code]),
  )
  namesOf.set(locale, found)
  return found
}

/** The code of a country by its code or name in English or the reader's language; null for none. */
export function countryCode(text: unknown, locale: string): string | null {
  if (typeof text !== 'string') return null
  const words = text.trim()
  if (byCode.has(words.toUpperCase())) return words.toUpperCase()
  const name = words.toLowerCase()
  return alsoCalled[name] ?? codesByName('en').get(name) ?? codesByName(locale).get(name) ?? null
}

export const placeOfCountry = (code: string): LatLng | null => byCode.get(code) ?? null

/** Countries with their places, for names on a map that has no tiles. */
export const allCountries = (
  locale: string,
): readonly { readonly name: string; readonly at: LatLng }[] => {
  const names = new Intl.DisplayNames([locale], { type: 'region' })
  return [...byCode].map(([code, at]) => ({ name: names.of(code) ?? code, at }))
}
