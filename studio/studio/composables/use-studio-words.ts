import { type Ref, watch } from 'vue'
import { useI18n } from 'vue-i18n'
import de from '../../i18n/de-studio.ts'
import en from '../../i18n/en-studio.ts'

/** The words of these pages, which nobody loads who never comes here. */
export function useStudioWords() {
  const i18n = useI18n()
  watch(
    i18n.locale as Ref<string>,
    (locale) => {
      i18n.mergeLocaleMessage('en', en)
      // A language is there with all of its words or not at all.
      if (locale === 'de') i18n.mergeLocaleMessage('de', de)
    },
    { immediate: true },
  )
  return i18n
}
