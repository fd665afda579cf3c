import type { FieldInfo } from '@runwaycrm/sdk'
import { colorOf, initials } from '../format/person.ts'
import { fieldKind, isNumeric } from './field-kinds.ts'
import type { FieldKind } from './kind-traits.ts'
import { isEmptyValue } from './read-value.ts'

/**
 * What a row draws of a value, worked out before anything is drawn. Most values are a text, an option or a name; those
 * are drawn in the row itself. A component for each cell is most of what a long table costs.
 */
export type CellFace =
  | { readonly draw: 'nothing' }
  /** @property className what the cell is beside being a text. */
  | { readonly draw: 'text'; readonly text: string; readonly className: string }
  | { readonly draw: 'option'; readonly text: string; readonly color: number }
  | {
      readonly draw: 'person' | 'record'
      readonly text: string
      /** The whole name. */
      readonly name: string
      readonly letters: string
      readonly color: number
    }
  /** `FieldCell` draws it. */
  | { readonly draw: 'other' }

/** How this reader reads values. */
export interface FaceContext {
  text(field: FieldInfo, value: unknown): string
  /** Of a person, where they have chosen one. */
  colorOf(id: string): unknown
}

/** Characters of a text that a row draws; the rest is behind its edge anyway. */
export const mostInRow = 300

const others: ReadonlySet<FieldKind> = new Set<FieldKind>([
  ...(['multiSelect', 'tags', 'relations', 'users', 'actor', 'boolean', 'rating'] as const),
  ...(['slider', 'color', 'lines', 'code', 'file', 'files', 'image', 'images'] as const),
  ...(['checklist', 'keyValue', 'json', 'opaque', 'richText'] as const),
])
const ofDigits: ReadonlySet<FieldKind> = new Set<FieldKind>([
  ...(['date', 'dateTime', 'time', 'period', 'geo'] as const),
])

export function cellFace(field: FieldInfo, value: unknown, context: FaceContext): CellFace {
  if (isEmptyValue(value)) return { draw: 'nothing' }
  const kind = fieldKind(field)
  if (others.has(kind)) return { draw: 'other' }
  const text = context.text(field, value).slice(0, mostInRow)
  if (kind === 'select') {
    const color = field.options?.find((one) => one.key === value)?.color ?? 1
    return { draw: 'option', text, color }
  }
  if (kind === 'user') return person(text, context.colorOf(String(value)))
  if (kind === 'relation' || kind === 'reference')
    return { draw: 'record', text, name: text, letters: letterOf(text), color: colorOf(text) }
  return { draw: 'text', text: kind === 'url' ? shortUrl(text) : text, className: classOf(kind) }
}

function person(name: string, chosen: unknown): CellFace {
  const color = personColor(name, chosen)
  return { draw: 'person', text: firstName(name), name, letters: initials(name), color }
}

function classOf(kind: FieldKind): string {
  if (kind === 'mono' || kind === 'iban') return ' mono'
  return ofDigits.has(kind) && !isNumeric(kind) ? ' num' : ''
}

/** In a row there is room for the first name. */
export const firstName = (name: string): string => name.split(' ')[0] ?? ''

/** The letter that stands for a record before its name. */
export const letterOf = (name: string): string => name.trim().charAt(0).toLocaleUpperCase() || '·'

export const personColor = (name: string, chosen: unknown): number =>
  typeof chosen === 'number' && chosen >= 1 && chosen <= 10 ? chosen : colorOf(name)

/** Without what addresses have in common. */
export const shortUrl = (url: string): string =>
  url.replace(/^https?:\/\/(www\.)?/, '').replace(/\/$/, '')
