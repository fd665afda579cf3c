import { type Ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import de from '../i18n/de-graph.ts'
import en from '../i18n/en-graph.ts'

/** The words of graphs, which nobody loads who sees none. */
export function useGraphWords() {
  const i18n = useI18n()
  watch(
    i18n.locale as Ref<string>,
    (locale) => {
      i18n.mergeLocaleMessage('en', en)
      if (locale === 'de') i18n.mergeLocaleMessage('de', de)
    },
    { immediate: true },
  )
  return i18n
}
