import type { EntityInfo, FieldInfo, PublicField } from '@runwaycrm/sdk'
import type { FormBody, FormField } from './definition.ts'

type Control = PublicField['control']

/** What the public may fill in, by how people fill it in inside. Whatever else there is leads to other records or files. */
export const controls: Readonly<Record<string, Control>> = {
  text: 'text',
  longText: 'lines',
  email: 'email',
  phone: 'tel',
  url: 'url',
  number: 'number',
  integer: 'number',
  currency: 'number',
  percent: 'number',
  rating: 'number',
  slider: 'number',
  year: 'number',
  boolean: 'check',
  date: 'date',
  dateTime: 'datetime-local',
  time: 'time',
  month: 'month',
  select: 'choice',
  multiSelect: 'choices',
  country: 'choice',
  iban: 'text',
}

/** @returns null for a field that cannot stand on a form. */
export function controlOf(field: FieldInfo): Control | null {
  if (field.computed || field.readOnly) return null
  return controls[field.editor] ?? null
}

/** A field may have a value that nobody sees, unless the platform alone writes it. */
export const mayBePreset = (field: FieldInfo): boolean => !field.computed && !field.readOnly

export interface DrawnField {
  readonly field: FieldInfo
  readonly said: FormField
  readonly control: Control
  readonly isRequired: boolean
}

/** In order. Fields that are gone or became what cannot stand on a form are left out, so the form goes on. */
export function drawnFields(entity: EntityInfo, body: FormBody): readonly DrawnField[] {
  return inOrder(body)
    .filter(([, said]) => said.preset === undefined)
    .flatMap(([name, said]) => {
      const field = entity.fields.find((one) => one.apiName === name)
      const control = field ? controlOf(field) : null
      if (!field || !control) return []
      return [{ field, said, control, isRequired: said.required === true || field.required }]
    })
}

/** Values that every record of the form gets. */
export function presetsOf(entity: EntityInfo, body: FormBody): Readonly<Record<string, unknown>> {
  const kept = inOrder(body).filter(([name, said]) => {
    const field = entity.fields.find((one) => one.apiName === name)
    return said.preset !== undefined && field !== undefined && mayBePreset(field)
  })
  return Object.fromEntries(kept.map(([name, said]) => [name, said.preset]))
}

export function inOrder(body: FormBody): readonly (readonly [string, FormField])[] {
  return Object.entries(body.fields).sort(
    ([a, one], [b, other]) => (one.order ?? 1000) - (other.order ?? 1000) || (a < b ? -1 : 1),
  )
}
