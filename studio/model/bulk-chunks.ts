import type { FieldValues, RecordData } from '@runwaycrm/sdk'

/** What goes in one request. */
export interface BulkChunk {
  readonly changes: readonly { readonly record: RecordData; readonly values: FieldValues }[]
  readonly creates: readonly FieldValues[]
}

/** What the server takes at once is 1,000 items and 8 MiB; beside the values there are names and ids. */
const most = { items: 1_000, characters: 2_000_000 }

/** As few requests as the server takes, changes before creations. A single item is never divided. */
export function bulkChunks(
  changes: BulkChunk['changes'],
  creates: BulkChunk['creates'],
): readonly BulkChunk[] {
  const chunks: { changes: BulkChunk['changes'][number][]; creates: FieldValues[] }[] = []
  let items = most.items
  let characters = 0
  const place = (values: FieldValues) => {
    const size = JSON.stringify(values).length
    if (items >= most.items || characters + size > most.characters) {
      chunks.push({ changes: [], creates: [] })
      items = 0
      characters = 0
    }
    items++
    characters += size
    return chunks.at(-1)
  }
  for (const change of changes) place(change.values)?.changes.push(change)
  for (const values of creates) place(values)?.creates.push(values)
  return chunks
}
