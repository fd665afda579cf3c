/**
 * Puts colours in the place of `var(--cat-8)` wherever one stands in an option, because a canvas knows no
 * variables. Functions and what is no plain data stay as they are.
 *
 * @param colorOf the colour behind a variable's name, `--cat-8`.
 */
export function resolveColors<T>(value: T, colorOf: (name: string) => string): T {
  if (typeof value === 'string') {
    return (value.startsWith('var(--') ? colorOf(value.slice(4, -1)) : value) as T
  }
  if (Array.isArray(value)) return value.map((item) => resolveColors(item, colorOf)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, resolveColors(inner, colorOf)]),
  ) as T
}

/**
 * Reads variables as they are now for an element, as `rgba(…)`: ECharts does not understand `oklch`, so a
 * canvas paints one dot of each.
 */
export function colorReader(element: Element): (name: string) => string {
  const probe = document.createElement('span')
  const brush = Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext(
    '2d',
    { willReadFrequently: true },
  )
  const known = new Map<string, string>()
  return (name) => {
    const before = known.get(name)
    if (before !== undefined) return before
    probe.style.color = `var(${name})`
    element.append(probe)
    const computed = getComputedStyle(probe).color
    probe.remove()
    let color = computed
    if (brush) {
      brush.clearRect(0, 0, 1, 1)
      brush.fillStyle = computed
      brush.fillRect(0, 0, 1, 1)
      const [r, g, b, a = 255] = brush.getImageData(0, 0, 1, 1).data
      color = `rgba(${r}, ${g}, ${b}, ${Math.round((a / 255) * 1000) / 1000})`
    }
    known.set(name, color)
    return color
  }
}
