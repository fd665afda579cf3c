/**
 * Fills `{column}` with cells. A part in [brackets] is left out when a column in it is empty, so
 * `{product}[ for {account}]` reads well either way.
 */
export function fillTemplate(template: string, cell: (column: string) => string): string {
  const fill = (text: string) =>
    text.replaceAll(/\{([^{}]+)\}/g, (_, column: string) => cell(column).trim())
  const withoutEmpty = template.replaceAll(/\[([^[\]]*)\]/g, (_, part: string) =>
    columnsOf(part).some((column) => cell(column).trim() === '') ? '' : fill(part),
  )
  return fill(withoutEmpty).trim()
}

function columnsOf(template: string): string[] {
  return [...template.matchAll(/\{([^{}]+)\}/g)].map((match) => match[1]!)
}
