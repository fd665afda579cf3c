/**
 * The version that the record must have. `*` or none: whatever is there. Of several tags the newest
 * counts: versions only rise, so the others are not what is there.
 * A tag that is none of ours is a version that no record has, so it is stale and not an error of its own.
 */
export function ifMatchVersion(header: string | undefined): number | undefined {
  const text = header?.trim()
  if (text === undefined || text === '' || text === '*') return undefined
  const versions = text.split(',').map((tag) => /^"(\d{1,15})"$/.exec(tag.trim())?.[1] ?? -1)
  return Math.max(...versions.map(Number))
}
