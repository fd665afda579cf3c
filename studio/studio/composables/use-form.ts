import type { EntityInfo } from '@runwaycrm/sdk'
import { type ComputedRef, type InjectionKey, inject, provide } from 'vue'
import { useI18n } from 'vue-i18n'
import { wordsOf } from '../../format/words-of.ts'
import type { ModelIndex } from '../../model/model-index.ts'
import { type Path, valueAt } from '../model/leaf.ts'
import { readTerms } from '../model/term-places.ts'
import type { Contribution } from './use-contribution.ts'
import { type LinkedSchema, useLinkedSchema } from './use-linked-schema.ts'

export interface Form extends Contribution, LinkedSchema {
  readonly model: ComputedRef<ModelIndex>
  /** The entity whose fields stand at a path: the nearest one that is named around it. */
  entityAt(path: Path): EntityInfo | null
  /** What a member is called. */
  nameOf(name: string): string
  /** A text of the definition as people read it: the names of objects in their places. */
  read(text: string): string
}
const key: InjectionKey<Form> = Symbol('form')

export function useForm(): Form {
  const form = inject(key)
  if (!form) throw new Error('Controls stand inside a form only.')
  return form
}

export function provideForm(contribution: Contribution, model: ComputedRef<ModelIndex>): Form {
  const { t, te, locale } = useI18n()
  const form: Form = {
    ...contribution,
    ...useLinkedSchema(contribution),
    model,
    entityAt(path) {
      // Rules of a field ask its own record, wherever the field leads.
      const members = path.at(-1) === 'when' ? ['entity'] : ['entity', 'from', 'to']
      for (let length = path.length - 1; length >= 0; length--)
        for (const member of members) {
          const name = valueAt(contribution.definition.value, [...path.slice(0, length), member])
          const entity = typeof name === 'string' ? model.value.entity(name) : null
          if (entity) return entity
        }
      const { detail } = contribution
      return detail.value?.point === 'entities' ? model.value.entity(detail.value.ref) : null
    },
    nameOf: (name) => (te(`studio.names.${name}`) ? t(`studio.names.${name}`) : wordsOf(name)),
    read: (text) =>
      readTerms(text, locale.value, contribution.detail.value?.plugin ?? '', model.value.entity),
  }
  provide(key, form)
  return form
}
