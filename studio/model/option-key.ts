/** A key for an option with this label, as a model takes it: `Trade fair` is `trade_fair`. */
export function optionKey(label: string, taken: ReadonlySet<string>): string {
  const plain = label
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 50)
  const base = plain === '' ? 'option' : plain
  let key = base
  for (let n = 2; taken.has(key); n++) key = `${base}_${n}`
  return key
}
