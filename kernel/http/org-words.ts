import type { RequestContext } from '../context/request-context.ts'

/**
 * A text of a contribution in the organisation's language, when its plugin brings one. A text that
 * somebody changed is nobody's translation and stays.
 *
 * @param path below the plugin, as locales name it: `entities.lead.fields.name.label`.
 */
export function wordsOf(ctx: RequestContext, plugin: string, path: string, text: string): string {
  const { locale } = ctx.org
  const language = locale.split('-', 1)[0]!
  if (language === 'en') return text
  const key = `${plugin}:${path}`
  const { messages } = ctx.model
  const original = messages.get('en')?.[key]
  if (original !== undefined && original !== text) return text
  return messages.get(locale)?.[key] ?? messages.get(language)?.[key] ?? text
}
