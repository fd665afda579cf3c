import { type Ref, watch } from 'vue'
import { createI18n } from 'vue-i18n'
import en from './en.ts'
import { directionOf } from './reading.ts'
import { speak } from './said.ts'

/** Languages that are complete; a new one is a file beside `en.ts` and a line here. */
export const languages = { en: 'English', de: 'Deutsch' } as const
/** English as it would stand on a page that is read from right to left; for whoever asks for it by name. */
const mirrored = 'ar-XB'
export type Language = keyof typeof languages | typeof mirrored

const loaders: Readonly<Record<Exclude<Language, 'en'>, () => Promise<{ default: typeof en }>>> = {
  de: () => import('./de.ts'),
  [mirrored]: async () => ({ default: en }),
}

/** What the server says is English; in other languages its usual sentences are said anew. */
async function loadSaid(language: Language): Promise<void> {
  if (language !== 'de') return speak({}, null)
  const [english, german] = await Promise.all([import('./en-said.ts'), import('./de-said.ts')])
  speak(english.default, german.default)
}

/** @param wanted the language somebody chose; empty follows the browser. */
export function createMessages(wanted: Readonly<Ref<string>>) {
  const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages: { en } })
  watch(
    wanted,
    async (choice) => {
      const language = pick(choice, globalThis.navigator?.languages ?? [])
      const isNew = language !== 'en' && !(language in i18n.global.messages.value)
      const [loaded] = await Promise.all([isNew && loaders[language](), loadSaid(language)])
      if (loaded) i18n.global.setLocaleMessage(language as 'en', loaded.default)
      i18n.global.locale.value = language as 'en'
      document.documentElement.lang = language
      document.documentElement.dir = directionOf(language)
    },
    { immediate: true },
  )
  return i18n
}

export function pick(choice: string, offered: readonly string[]): Language {
  if (choice === mirrored) return mirrored
  for (const one of [choice, ...offered]) {
    const language = one.slice(0, 2).toLowerCase()
    if (language in languages) return language as Language
  }
  return 'en'
}
