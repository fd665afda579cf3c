import type { Point } from '../manifest/point.ts'
import { type Problem, placeOf } from '../manifest/problem.ts'
import { checkFormulaOverValues, type NamedValues } from './formula-over-values.ts'
import { isJsonObject, type JsonObject, leafAt } from './leaf.ts'
import type { Entity } from './model.ts'
import { type FindSchema, type Place, walkDefinition } from './walk-definition.ts'

/**
 * What is wrong with the formulas in a definition: texts whose schema says `x-formula`. The definition stays;
 * what it does with such a formula fails where people see why.
 */
export function checkFormulas(
  definition: JsonObject,
  point: Pick<Point, 'schema' | 'references'>,
  find: FindSchema,
  entities: ReadonlyMap<string, Entity>,
  at: string,
): Problem[] {
  const problems: Problem[] = []
  const visit = ({ value, path, schemas }: Pick<Place, 'value' | 'path' | 'schemas'>) => {
    const mark = schemas.find((schema) => isJsonObject(schema['x-formula']))?.['x-formula']
    if (mark === undefined || typeof value !== 'string') return null
    const wrong = checkFormulaOverValues(entities, namesOf(definition, mark), value).problems
    for (const { at: place, message, hint } of wrong) {
      const code = message.startsWith('There is no') ? 'UNKNOWN_FIELD' : 'BAD_FORMAT'
      const text = `Character ${place + 1}: ${message}`
      problems.push({ at: placeOf(at, ...path), code, message: text, hint })
    }
    return null
  }
  walkDefinition(definition, point, find, visit, null)
  return problems
}

/** `{entities: {record: "entity"}, open: [...]}`: the member of the definition that names the entity of a word. */
function namesOf(definition: JsonObject, mark: unknown): NamedValues {
  const words = leafAt(mark, ['entities'])
  const open = leafAt(mark, ['open'])
  return {
    entities: Object.fromEntries(
      Object.entries(isJsonObject(words) ? words : {}).map(([word, member]) => {
        const ref = leafAt(definition, [String(member)])
        return [word, typeof ref === 'string' ? ref : null]
      }),
    ),
    open: Array.isArray(open) ? open.map(String) : [],
  }
}

const marked = new WeakMap<object, boolean>()

/** Whether schemas that are brought may say `x-formula`, or the point's own does. */
export function mayHaveFormulas({ schema }: Pick<Point, 'schema'>): boolean {
  const is = marked.get(schema) ?? /"x-(formula|schema-of)"/.test(JSON.stringify(schema))
  marked.set(schema, is)
  return is
}
