import type { RecordData, Records } from '@runwaycrm/sdk'
import type { ExportSpec } from './export-run.ts'

export type ExportPage = readonly RecordData[]
const atOnce = 200

/** The records of an export a page at a time, under the ability of whoever asked for it. */
export async function* readPages(
  records: Pick<Records, 'list'>,
  spec: Pick<ExportSpec, 'entity' | 'filter' | 'sort' | 'columns'>,
): AsyncGenerator<ExportPage> {
  let cursor: string | undefined
  do {
    const { data, page } = await records.list(spec.entity, {
      filter: spec.filter,
      ...(spec.sort === null ? {} : { sort: spec.sort }),
      fields: [...spec.columns],
      limit: atOnce,
      ...(cursor === undefined ? {} : { cursor }),
    })
    if (data.length > 0) yield data
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
}
