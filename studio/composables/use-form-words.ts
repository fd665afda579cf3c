import de from '../i18n/de-forms.ts'
import en from '../i18n/en-forms.ts'
import { useMoreWords } from './use-more-words.ts'

/** Words of web forms, for the page that makes them. */
export const useFormWords = () => useMoreWords({ en, de })
