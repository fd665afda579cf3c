import { useI18n } from 'vue-i18n'
import { wordsOf } from '../../format/words-of.ts'
import type { Json } from '../model/leaf.ts'
import type { Schema } from '../model/schema.ts'

/** What a fixed choice is called: as its schema says, else as the studio does, else by its own name. */
export function useChoiceText(): (schema: Schema | undefined, choice: Json) => string {
  const { t, te } = useI18n()
  return (schema, choice) => {
    const key = String(choice)
    const said = te(`studio.values.${key}`) ? t(`studio.values.${key}`) : wordsOf(key)
    return schema?.['x-words']?.[key] ?? said
  }
}
