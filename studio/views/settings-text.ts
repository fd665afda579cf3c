import type { ViewInfo } from '../api/model.ts'

type Settings = Readonly<Record<string, unknown>>

/** Settings of a view that somebody may change without changing the view itself. */
const changeable: ReadonlySet<string> = new Set([
  ...['groupBy', 'sumField', 'calendar', 'gallery', 'map', 'timeline', 'chart'],
])

/** Settings out of an address; what is none of them, or not in their form, is left out. */
export function readSettings(text: string | undefined): Settings {
  try {
    const parsed: unknown = JSON.parse(text ?? '{}')
    if (typeof parsed !== 'object' || parsed === null) return {}
    return Object.fromEntries(
      Object.entries(parsed).filter(([key, value]) => changeable.has(key) && isSetting(value)),
    )
  } catch {
    return {}
  }
}

const isWord = (value: unknown): boolean => value === null || typeof value === 'string'
const isSetting = (value: unknown): boolean =>
  isWord(value) ||
  (typeof value === 'object' && !Array.isArray(value) && Object.values(value ?? {}).every(isWord))

/** A view with settings over its own; null takes one away. */
export function mergeSettings(view: ViewInfo, settings: Settings): ViewInfo {
  const merged: Record<string, unknown> = { ...view }
  for (const [key, value] of Object.entries(settings)) {
    const isText = changeableTexts.has(key)
    if (value === null) delete merged[key]
    else if (typeof value === 'string') {
      if (isText) merged[key] = value
    } else if (!isText)
      merged[key] = Object.fromEntries(
        Object.entries({ ...(merged[key] as object | undefined), ...(value as object) }).filter(
          ([, one]) => one !== null,
        ),
      )
  }
  return merged as unknown as ViewInfo
}
const changeableTexts: ReadonlySet<string> = new Set(['groupBy', 'sumField'])
