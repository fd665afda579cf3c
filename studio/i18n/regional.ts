/**
 * The browser's region with the language of the interface: `en` in Norway counts as `en-NO` does. What is no language
 * to `Intl` is passed over; some systems have a browser say `en-US@posix`.
 */
export function regional(language: string, browser: readonly string[]): string {
  const isOfIt = (one: string): boolean =>
    one.toLowerCase() === language || one.toLowerCase().startsWith(`${language}-`)
  return browser.find((one) => isOfIt(one) && isLanguage(one)) ?? language
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1
  } catch {
    return false
  }
}
