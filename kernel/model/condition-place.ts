/** Where an error of a filter is, below a condition: `filter.$or[1].score.$near` is `$or/1/score/$near`. */
export function conditionPlace(path: string | undefined): string {
  return (path ?? '')
    .replace(/^filter\.?/, '')
    .replace(/\[(\d+)\]\.?/g, '/$1/')
    .replaceAll('.$', '/$')
    .replace(/\/$/, '')
}
