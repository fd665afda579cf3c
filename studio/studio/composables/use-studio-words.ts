import { useMoreWords } from '../../composables/use-more-words.ts'
import de from '../../i18n/de-studio.ts'
import en from '../../i18n/en-studio.ts'

/** The words of these pages, which nobody loads who never comes here. */
export const useStudioWords = () => useMoreWords({ en, de })
