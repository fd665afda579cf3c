import de from '../i18n/de-graph.ts'
import en from '../i18n/en-graph.ts'
import { useMoreWords } from './use-more-words.ts'

/** The words of graphs, which nobody loads who sees none. */
export const useGraphWords = () => useMoreWords({ en, de })
