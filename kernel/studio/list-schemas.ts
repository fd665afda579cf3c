import type { Desk } from '../model/desk.ts'
import { isJsonObject, leafAt } from '../model/leaf.ts'
import { type Words, wordsIn } from '../model/words.ts'

/** A JSON Schema that a contribution has under a property, in the reader's words. */
export interface ListedSchema {
  /** As it was asked for. */
  readonly of: string
  readonly schema: object
}

/** Longer lists are no definition that somebody reads. */
const most = 200

/**
 * The schemas that `x-schema-of` leads to, for whoever draws forms.
 *
 * @param asked `actions/crm.leads:score_lead/input`, joined by commas; what is not there is left out.
 */
export function listSchemas({ after }: Desk, words: Words, asked: string): ListedSchema[] {
  const names = [...new Set(asked.split(','))].slice(0, most)
  return names.flatMap((of) => {
    const [point = '', ref = '', property = ''] = of.split('/')
    const found = after.contributions.get(point)?.get(ref)
    const schema = leafAt(found?.definition, [property])
    if (!found || !isJsonObject(schema)) return []
    const path = [point, found.key, property].join('.')
    return [{ of, schema: wordsIn(words, found.plugin, path, schema) }]
  })
}
