import { InvalidError } from '@runwaycrm/sdk'
import { placeOf } from '../manifest/problem.ts'
import { ownLayer } from './layer.ts'
import type { LayerDocument } from './layer-document.ts'
import { isJsonObject, leafAt } from './leaf.ts'

/**
 * Some parts of a layer with everything of it that they need: what they refer to, and the fields on other
 * plugins' entities that their formulas and conditions name. Nothing else comes along.
 *
 * @param picks `entities/property` or `entities/t:property`; `overrides/entities/crm.leads:lead` for what the
 *   layer changes of others.
 * @throws InvalidError naming every pick that is not there.
 */
export function pickParts(document: LayerDocument, picks: readonly string[]): LayerDocument {
  const { picked, targets } = closeOver(document, picks)
  const { contributes } = document
  return {
    ...document,
    contributes: Object.fromEntries(
      [...picked].map(([point, keys]) => [
        point,
        Object.fromEntries([...keys].sort().map((key) => [key, leafAt(contributes, [point, key])])),
      ]),
    ),
    overrides: document.overrides.filter((one) => targets.has(`${one.point}/${one.target}`)),
  }
}

/** That a part comes along since another one needs it; both as they are picked. */
export interface PartAlong {
  readonly pick: string
  readonly because: string
}

/** What `pickParts` takes besides what was picked. @throws InvalidError as it does. */
export function partsAlong(document: LayerDocument, picks: readonly string[]): PartAlong[] {
  return closeOver(document, picks).along
}

function closeOver(document: LayerDocument, picks: readonly string[]) {
  const { contributes } = document
  const picked = new Map<string, Set<string>>()
  const targets = new Set<string>()
  const along: PartAlong[] = []
  const open: { readonly part: unknown; readonly pick: string }[] = []
  const has = (point: string, key: string) => leafAt(contributes, [point, key]) !== undefined

  function take(point: string, key: string, because?: string): void {
    const keys = picked.get(point) ?? new Set()
    picked.set(point, keys)
    if (keys.has(key)) return
    keys.add(key)
    const pick = placeOf(point, key)
    if (because !== undefined) along.push({ pick, because })
    open.push({ part: leafAt(contributes, [point, key]), pick })
  }

  const missing = picks.flatMap((pick, index) => {
    const [point = '', ...rest] = pick.split('/')
    const name = rest.join('/')
    if (point === 'overrides') {
      const found = document.overrides.filter((one) => `${one.point}/${one.target}` === name)
      targets.add(name)
      open.push({ part: found, pick })
      if (found.length > 0) return []
    } else {
      const key = name.startsWith(`${ownLayer}:`) ? name.slice(2) : name
      if (has(point, key)) {
        take(point, key)
        return []
      }
    }
    const message = `"${pick.slice(0, 120)}" is no part of what this organisation made.`
    return [{ path: placeOf('pick', String(index)), code: 'UNKNOWN_RECORD' as const, message }]
  })
  if (missing.length > 0) throw new InvalidError(undefined, { errors: missing })

  const points = Object.keys(contributes)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, pick } = next
    const texts = textsOf(part)
    for (const text of texts) {
      const key = ownKeyIn(text)
      if (key === null) continue
      if (has('entities', key)) take('entities', key, pick)
      else for (const point of points) if (has(point, key)) take(point, key, pick)
    }
    for (const key of fieldsNamed(contributes, texts)) take('fields', key, pick)
  }
  return { picked, targets, along }
}

function ownKeyIn(text: string): string | null {
  return /(?:^|:)t:([a-z][A-Za-z0-9_.-]*)$/.exec(text)?.[1] ?? null
}

/** Own fields on entities of others that a part both is about and names in an expression, a filter or a list. */
function fieldsNamed(
  contributes: LayerDocument['contributes'],
  texts: readonly string[],
): string[] {
  const entities = new Set(texts)
  const words = new Set(texts.flatMap((text) => text.match(/[A-Za-z][A-Za-z0-9]*/g) ?? []))
  return Object.entries(contributes['fields'] ?? {}).flatMap(([key, on]) => {
    const entity = leafAt(on, ['entity'])
    const isNamed = words.has(key) || words.has(`${key}Id`) || words.has(`${key}Ids`)
    return typeof entity === 'string' && entities.has(entity) && isNamed ? [key] : []
  })
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(textsOf)
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsOf(inner)])
}
