import type { Manifest } from '@runwaycrm/sdk'
import { describe, expect, it } from 'vitest'
import { systemFields } from '../../kernel/model/system-fields.ts'
import { loadPlugins } from '../../kernel/plugins/load-plugins.ts'
import { read, sourceFiles } from './source-files.ts'

/** Whatever a manifest says to people is said in both languages, by its `locales`. */
type Messages = Readonly<Record<string, string>>

/** Words that German took over, and texts of nothing but the names of entities. */
const sameInBoth = new Set(
  `Name Website Marketing Pharma Software Webinar Partner Status Budget Person Board Import Team Teams
   Text Lead Leads Message-ID Problem Pipeline Segment Ticket Tickets Normal Web Chat SLA Dashboard
   Dashboards Admin Layouts Version JSON IBAN Domain Base64`.split(/\s+/),
)
const isOfPlaces = (text: string) => text.replaceAll(/\{[^}]*\}/g, '').trim().length < 2

const kernel = JSON.parse(read('kernel/kernel.json')) as Manifest
const root = new URL('../../plugins', import.meta.url).pathname
const deployment = await loadPlugins([root])
const manifests = [
  ['kernel', kernel],
  ...[...deployment.plugins.values()].map(({ id, manifest }) => [id, manifest!]),
] as [string, Manifest][]

describe('what a manifest says', () => {
  it('is looked for in every plugin', () => {
    expect(manifests.length).toBe(sourceFiles('plugins/*/*/plugin.json').length + 1)
  })

  it.each(manifests)('%s is said in English as it stands, and in German', (id, manifest) => {
    const labels = { ...labelsOf(manifest), ...(id === 'kernel' ? labelsOfSystem() : {}) }
    const { en, de } = messagesOf(manifest)
    expect(pick(en, labels)).toEqual(labels)
    expect(Object.keys(pick(de, labels)).sort()).toEqual(Object.keys(labels).sort())
    // Messages of mails and notices have no other place.
    expect(Object.keys(de).sort()).toEqual(Object.keys(en).sort())
  })

  it.each(manifests)('%s says something else in German', (_, manifest) => {
    const { en, de } = messagesOf(manifest)
    const same = Object.entries(en).filter(
      ([key, text]) => de[key] === text && !sameInBoth.has(text) && !isOfPlaces(text),
    )
    expect(same).toEqual([])
  })
})

function messagesOf(manifest: Manifest): { readonly en: Messages; readonly de: Messages } {
  const locales = (manifest.contributes?.['locales'] ?? {}) as Record<
    string,
    { messages: Messages }
  >
  return { en: locales['en']?.messages ?? {}, de: locales['de']?.messages ?? {} }
}

function pick(messages: Messages, wanted: Messages): Messages {
  return Object.fromEntries(Object.entries(messages).filter(([key]) => key in wanted))
}

function labelsOfSystem(): Messages {
  return Object.fromEntries(
    systemFields.map(({ key, label }) => [`fields.${key}.field.label`, label]),
  )
}

/** What only the studio's pages, operators and programs read. */
const unread = ['locales', 'hooks', 'seeds', 'routes', 'tables', 'jobs', 'schedules']
const unreadToo = ['services', 'subscribers', 'events']

/** Path in the manifest to text, for everything that people read. */
function labelsOf(manifest: Manifest): Messages {
  const labels: Record<string, string> = {}
  const walk = (value: unknown, path: readonly string[]) => {
    if (typeof value !== 'object' || value === null) return
    const point = path[0]!.split(':').at(-1)!.split('.', 1)[0]!
    const isOfAction = point === 'actions' && (path[2] === 'input' || path[2] === 'output')
    const inSchema = point === 'settings' || isOfAction
    const isDefinition = path.length === 2 && (point === 'entities' || point === 'actions')
    const isWords = inSchema && path.at(-1) === 'x-words'
    const words = ['label', 'labelPlural', 'help', ...(inSchema ? ['title', 'description'] : [])]
    for (const [key, inner] of Object.entries(value)) {
      const isRead = isWords || words.includes(key) || (isDefinition && key === 'description')
      if (typeof inner === 'string' && isRead) labels[[...path, key].join('.')] = inner
      else if (inSchema || !['default', 'filter', 'schema'].includes(key))
        walk(inner, [...path, key])
    }
  }
  for (const [point, definitions] of Object.entries(manifest.contributes ?? {}))
    if (![...unread, ...unreadToo].includes(point)) walk(definitions, [point])
  // What it puts into another plugin's contribution is said under that plugin's name.
  for (const { point, target, path, to } of manifest.overrides ?? [])
    if (typeof target === 'string' && path) walk(to, [target.replace(':', `:${point}.`), ...path])
  return labels
}
