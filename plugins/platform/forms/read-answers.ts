import { type Issue, momentIn } from '@runwaycrm/sdk'
import type { DrawnField } from './fields.ts'

export type Posted = Readonly<Record<string, string | readonly string[]>>
type Value = string | number | boolean | readonly string[] | null

export interface Answers {
  readonly values: Readonly<Record<string, Value>>
  readonly issues: readonly Issue[]
}

/**
 * What a form's fields hold, as the API takes it. Blank is no answer; a name that is no field of the form
 * is refused, whatever it is.
 *
 * @param others names that the form itself has besides fields.
 */
export function readAnswers(
  posted: Posted,
  fields: readonly DrawnField[],
  others: ReadonlySet<string>,
  timeZone: string,
): Answers {
  const values: Record<string, Value> = {}
  const issues: Issue[] = []
  const names = new Set(fields.map(({ field }) => field.apiName))
  for (const name of Object.keys(posted)) {
    if (!names.has(name) && !others.has(name))
      issues.push({ path: name, code: 'UNKNOWN_FIELD', message: 'The form has no such field.' })
  }
  for (const one of fields) {
    const name = one.field.apiName
    const value = answerOf(one, Object.hasOwn(posted, name) ? posted[name] : undefined, timeZone)
    const isBlank = value === null || (one.control === 'check' && value === false)
    if (one.isRequired && isBlank)
      issues.push({ path: name, code: 'REQUIRED', message: 'This field needs a value.' })
    else if (value !== null) values[name] = value
  }
  return { values, issues }
}

function answerOf(
  { field, control }: DrawnField,
  posted: string | readonly string[] | undefined,
  timeZone: string,
): Value {
  const all = posted === undefined ? [] : typeof posted === 'string' ? [posted] : posted
  if (control === 'choices') return all.length > 0 ? [...new Set(all)] : null
  if (control === 'check') return all.length > 0
  const text = (all[0] ?? '').trim()
  if (text === '') return null
  if (control === 'datetime-local') {
    const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:00)?$/.exec(text)
    return match && isMoment(text.slice(0, 16)) ? momentIn(match[1]!, match[2]!, timeZone) : text
  }
  if (control !== 'number') return text
  // A comma is the decimal mark of most of the world; thousands are not written on forms.
  const plain = text.replace(/\s/g, '').replace(/^([+-]?\d+),(\d+)$/, '$1.$2')
  if (field.editor === 'currency') return plain
  return /^[+-]?\d{1,15}(\.\d{1,10})?$/.test(plain) ? Number(plain) : text
}

/** The 31st of a month that has 30 days is none. */
function isMoment(minute: string): boolean {
  const at = Date.parse(`${minute}Z`)
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(minute)
}

/** Addresses of the web in all texts. */
export function linksIn(values: Answers['values']): number {
  return Object.values(values)
    .filter((value) => typeof value === 'string')
    .reduce((sum, text) => sum + (text.match(/https?:\/\/|\bwww\./gi)?.length ?? 0), 0)
}
