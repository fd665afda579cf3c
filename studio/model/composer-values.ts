import type { EntityInfo, FieldInfo, FieldValues, RecordData } from '@runwaycrm/sdk'
import type { ComposerInfo } from '../api/model.ts'
import { fieldKind } from './field-kinds.ts'
import { isEmptyValue } from './read-value.ts'

const titleLength = 120

/** What a composer begins with: its own values as far as they are asked for, and an address to write to. */
export function composerStart(
  composer: ComposerInfo,
  fields: ReadonlyMap<string, FieldInfo>,
  about: { readonly record: RecordData; readonly fields: ReadonlyMap<string, FieldInfo> },
  me: string,
): Record<string, unknown> {
  const start: Record<string, unknown> = {}
  for (const name of composer.fields) {
    const given = composer.values[name]
    if (given !== undefined) start[name] = given === '@me' ? me : given
    const field = fields.get(name)
    if (!field || fieldKind(field) !== 'email') continue
    const address = [...about.fields.values()].find(
      (one) => fieldKind(one) === 'email' && !isEmptyValue(about.record[one.apiName]),
    )
    if (address) start[name] = about.record[address.apiName]
  }
  return start
}

/**
 * The record that is made of what was written. Its title is the first line of the text when nothing else gives one.
 *
 * @returns null while there is nothing to save.
 */
export function composedValues(
  composer: ComposerInfo,
  entity: EntityInfo,
  written: Readonly<Record<string, unknown>>,
  at: { readonly about: object; readonly me: string; readonly now: Date },
): FieldValues | null {
  const { body } = composer
  const text = typeof written[body ?? ''] === 'string' ? String(written[body ?? '']).trim() : ''
  const title = isEmptyValue(written[entity.titleField])
    ? firstLine(text)
    : String(written[entity.titleField])
  if (text === '' && title.trim() === '') return null
  const fixed = Object.fromEntries(
    Object.entries(composer.values).map(([name, value]) => [
      name,
      value === '@now' ? at.now.toISOString() : value === '@me' ? at.me : value,
    ]),
  )
  const given = Object.fromEntries(
    [...composer.fields, ...(body === undefined ? [] : [body])]
      .filter((name) => !isEmptyValue(written[name]))
      .map((name) => [name, written[name]]),
  )
  return { ...fixed, ...given, [entity.titleField]: title, about: at.about }
}

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0]!.trim()
  // A cut through an emoji would be no text.
  return line.length <= titleLength ? line : `${[...line].slice(0, titleLength - 1).join('')}…`
}
