const mostNamed = 3
/** Below this nobody meant it. */
const leastLikeness = 0.4

/** Names that look most like a text, the most likely first. */
export function nearest(text: string, names: readonly string[]): readonly string[] {
  const pairs = pairsOf(text)
  return names
    .map((name) => ({ name, likeness: likeness(pairs, pairsOf(name)) }))
    .filter((one) => one.likeness >= leastLikeness)
    .sort((a, b) => b.likeness - a.likeness)
    .slice(0, mostNamed)
    .map(({ name }) => name)
}

/** @see L. Dice, "Measures of the Amount of Ecologic Association Between Species", 1945. */
function likeness(some: ReadonlySet<string>, others: ReadonlySet<string>): number {
  const shared = [...some].filter((pair) => others.has(pair)).length
  return (2 * shared) / (some.size + others.size || 1)
}

function pairsOf(text: string): ReadonlySet<string> {
  const lower = text.toLowerCase()
  return new Set([...lower].slice(1).map((char, at) => lower[at] + char))
}
