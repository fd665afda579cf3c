import type { FieldInfo } from '@runwaycrm/sdk'
import type { ExportPage } from './read-pages.ts'

/** Records as one JSON array, one to a line, with the columns as the API carries them and nothing else. */
export async function* writeJson(
  pages: AsyncIterable<ExportPage>,
  fields: readonly FieldInfo[],
): AsyncGenerator<string> {
  let before = '[\n'
  for await (const records of pages) {
    let text = ''
    for (const record of records) {
      const values = fields.map(({ apiName }) => [apiName, record[apiName] ?? null])
      text += before + JSON.stringify(Object.fromEntries(values))
      before = ',\n'
    }
    yield text
  }
  yield before === '[\n' ? '[]\n' : '\n]\n'
}
