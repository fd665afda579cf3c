import { type Ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'

/**
 * Words of pages that not everybody opens, beside those that all have.
 *
 * @param words of each language that is complete: it is there with all of its words or not at all.
 */
export function useMoreWords(words: { readonly en: object; readonly de: object }) {
  const i18n = useI18n()
  watch(
    i18n.locale as Ref<string>,
    (locale) => {
      i18n.mergeLocaleMessage('en', words.en)
      if (locale === 'de') i18n.mergeLocaleMessage('de', words.de)
    },
    { immediate: true },
  )
  return i18n
}
