import type { FieldInfo } from '@runwaycrm/sdk'
import { fieldKind } from './field-kinds.ts'
import { type EditStyle, traitsOf } from './kind-traits.ts'

/** How a field is edited where it stands. */
export function editStyle(field: FieldInfo): EditStyle {
  return field.readOnly || !field.can.update ? 'none' : controlStyle(field)
}

/** Whether it is edited as a text that somebody writes. */
export const isTyped = (field: FieldInfo): boolean => ['input', 'text'].includes(editStyle(field))

/** By its kind alone, for forms. */
export const controlStyle = (field: FieldInfo): EditStyle => traitsOf(fieldKind(field)).edit

/** A text that a model will write one day; until there is one, people do. */
export const isAiFill = (field: FieldInfo): boolean => field.type.endsWith(':aiFill')

/** Whether a picker of this field takes several. */
export const isMultiple = (field: FieldInfo): boolean =>
  ['multiSelect', 'tags', 'relations', 'users'].includes(fieldKind(field))
