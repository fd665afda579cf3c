import { useI18n } from 'vue-i18n'
import { midSentence } from '../format/noun.ts'

/** The label of an entity as it stands inside a sentence: `New lead`, but `Neuer Lead`. */
export function useNoun(): (label: string) => string {
  const { locale } = useI18n()
  return (label) => midSentence(label, locale.value)
}
