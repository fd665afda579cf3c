import { useI18n } from 'vue-i18n'
import { useServices } from './use-services.ts'

/** Puts a text on the clipboard and says so, or that it did not work: who believes it may lose what is shown once. */
export function useCopy() {
  const { toasts } = useServices()
  const { t } = useI18n()
  return async (text: string, done: string = t('common.copied')): Promise<void> => {
    try {
      // A page that came without TLS has no clipboard, and a browser may refuse it.
      await navigator.clipboard.writeText(text)
      toasts.show({ text: done, tone: 'success' })
    } catch {
      toasts.show({ text: t('common.notCopied'), tone: 'danger' })
    }
  }
}
