/** Languages that are written from right to left. */
const fromRight: ReadonlySet<string> = new Set('ar dv fa he ku ps sd ug ur yi'.split(' '))

/** @param language BCP 47. */
export function directionOf(language: string): 'ltr' | 'rtl' {
  return fromRight.has(language.split('-', 1)[0]!.toLowerCase()) ? 'rtl' : 'ltr'
}

/** 1 where reading goes to the right, -1 where it goes to the left: what a pull to the right is worth. */
export function readingSign(): 1 | -1 {
  return document.documentElement.dir === 'rtl' ? -1 : 1
}

/** A key as it is meant: the arrow that points on is `ArrowRight`, whichever way that is. */
export function keyInReading(key: string): string {
  if (readingSign() === 1) return key
  if (key === 'ArrowLeft') return 'ArrowRight'
  return key === 'ArrowRight' ? 'ArrowLeft' : key
}
