/** `Vessel class` to `vesselClass`, as keys of fields and objects are written; never one that is taken. */
export function fieldKey(label: string, taken: ReadonlySet<string>): string {
  const words = label
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .split(/[^A-Za-z0-9]+/)
    .filter(Boolean)
  const joined = words
    .map((word, at) =>
      at === 0
        ? word.charAt(0).toLowerCase() +
          (/^[A-Z0-9]+$/.test(word) ? word.slice(1).toLowerCase() : word.slice(1))
        : word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join('')
    .replace(/^[0-9]+/, '')
    .slice(0, 56)
  return free(joined === '' ? 'field' : joined.charAt(0).toLowerCase() + joined.slice(1), taken)
}

/** `Open tickets` to `open-tickets`, the address of an object. */
export function pluralKey(label: string, taken: ReadonlySet<string>): string {
  const plain = label
    .normalize('NFKD')
    .replace(/ß/g, 'ss')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 36)
  const base = plain.length < 2 ? 'records' : plain
  return free(base, taken, '-')
}

function free(base: string, taken: ReadonlySet<string>, mark = ''): string {
  let key = base
  for (let n = 2; taken.has(key); n++) key = `${base}${mark}${n}`
  return key
}

/** The usual English plural, as a first guess. */
export function guessPlural(label: string): string {
  const word = label.trim()
  if (word === '') return ''
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`
  return /(?:s|x|z|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`
}
