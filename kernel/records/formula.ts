import type { Entity, Field } from '../model/model.ts'
import { literal } from './sql-text.ts'

/**
 * A template such as `{firstName} {lastName}` as SQL. Blank fields leave no gap, and a text of nothing
 * but white space is null. Nothing in it can raise: every value has a text form.
 *
 * @param shownAs the field's value as SQL, as its reader may see it.
 * @param depth of the field itself among the computed fields that lead to it.
 */
export function templateSql(
  template: string,
  entity: Entity,
  shownAs: (field: Field, depth: number) => string,
  depth = 1,
): string {
  const parts = template.split(/\{([A-Za-z][A-Za-z0-9]*)\}/).flatMap((text, index) => {
    if (index % 2 === 0) return text === '' ? [] : [literal(text)]
    const field = entity.fields.get(text) ?? entity.byApiName.get(text)
    return field ? [textSql(field, shownAs(field, depth + 1))] : []
  })
  if (parts.length === 0) return 'null::text'
  return `nullif(btrim(regexp_replace(concat(${parts.join(', ')}), '\\s+', ' ', 'g')), '')`
}

function textSql(field: Field, value: string): string {
  const { class: storage } = field.storage
  return storage === 'text' || storage === 'computed' ? value : `(${value})::text`
}
