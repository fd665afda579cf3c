import type { FieldInfo } from '@runwaycrm/sdk'
import type { ViewInfo } from '../api/model.ts'
import { fieldKind } from './field-kinds.ts'

/**
 * The field that says where a record stands: what a board is grouped by, else a choice whose options
 * mean something for the process, else the first choice.
 */
export function stateField(
  fields: ReadonlyMap<string, FieldInfo>,
  views: readonly ViewInfo[],
): FieldInfo | null {
  const choices = [...fields.values()].filter(
    (field) => fieldKind(field) === 'select' && !field.hidden,
  )
  const board = views.find((view) => view.kind === 'board')?.groupBy
  return (
    choices.find((field) => field.apiName === board) ??
    choices.find((field) => field.options?.some((option) => option.category)) ??
    choices[0] ??
    null
  )
}
