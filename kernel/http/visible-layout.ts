import type { RequestContext } from '../context/request-context.ts'
import type { Contribution, Entity } from '../model/model.ts'
import { wordsOf } from '../model/words.ts'
import { findReadable } from '../records/filter.ts'
import { namesIn } from './visible-view.ts'

/** A definition under the point `layouts`. */
export interface LayoutDefinition {
  readonly entity: string
  readonly order?: number
  readonly hidden?: boolean
  readonly highlights?: readonly string[]
  readonly tabs: Readonly<Record<string, TabDefinition>>
}
interface TabDefinition {
  readonly label: string
  readonly order?: number
  readonly sections: Readonly<Record<string, SectionDefinition>>
}
interface SectionDefinition {
  readonly label?: string
  readonly order?: number
  readonly widget: 'fields' | 'timeline' | 'related' | 'files' | 'figure' | 'chart'
  readonly fields?: readonly string[]
  readonly entity?: string
  readonly field?: string
  readonly measure?: string
  readonly of?: string
  readonly filter?: object
  readonly groupBy?: string
  readonly splitBy?: string
}

/** A definition under the point `composers`. */
export interface ComposerDefinition {
  readonly entity: string
  readonly label: string
  readonly icon?: string
  readonly order?: number
  readonly hidden?: boolean
  readonly body?: string
  readonly fields?: readonly string[]
  readonly values?: Readonly<Record<string, unknown>>
}

/**
 * A layout as whoever asks may know it: without fields that they may not see, in the order in which it is drawn.
 * Whoever may look at the studio is told which of its names lead nowhere.
 */
export function visibleLayout(
  ctx: RequestContext,
  { ref, plugin, key, definition }: Contribution<LayoutDefinition>,
) {
  const entity = ctx.model.entities.get(definition.entity)!
  const unknown = new Set<string>()
  const isSeen = (of: Entity, name: string): boolean => {
    if (findReadable(ctx, of, name)) return true
    if (!of.byApiName.has(name.split('.', 1)[0]!))
      unknown.add(of === entity ? name : `${of.ref}.${name}`)
    return false
  }
  const words = (path: string, text: string) => wordsOf(ctx, plugin, `layouts.${key}.${path}`, text)

  const sectionOf = (id: string, section: SectionDefinition, path: string) => {
    const { label, order: _, fields, ...rest } = section
    const shown = {
      key: id,
      ...rest,
      ...(label === undefined ? {} : { label: words(`${path}.label`, label) }),
    }
    if (['related', 'figure', 'chart'].includes(section.widget)) {
      const source = ctx.model.entities.get(section.entity ?? '')
      if (!source || !ctx.ability.can('read', source.ref)) return []
      const { widget, field, of, groupBy, splitBy, filter = {} } = section
      // A chart may be of records that do not point here, but never of nothing.
      const needed = widget === 'chart' ? (groupBy ?? '') : (field ?? '')
      const names = [needed, field ?? [], of ?? [], splitBy ?? [], namesIn(filter)].flat()
      return names.map((name) => isSeen(source, name)).every(Boolean) ? [shown] : []
    }
    const seen = fields?.filter((name) => isSeen(entity, name))
    if (fields && seen?.length === 0) return []
    return [seen ? { ...shown, fields: seen } : shown]
  }

  const tabs = inOrder(definition.tabs).flatMap(([id, tab]) => {
    const sections = inOrder(tab.sections).flatMap(([name, section]) =>
      sectionOf(name, section, `tabs.${id}.sections.${name}`),
    )
    return sections.length > 0
      ? [{ key: id, label: words(`tabs.${id}.label`, tab.label), sections }]
      : []
  })
  const highlights = definition.highlights?.filter((name) => isSeen(entity, name))
  return {
    ref,
    entity: entity.ref,
    ...(highlights ? { highlights } : {}),
    tabs,
    ...(unknown.size > 0 && ctx.ability.allows('studio:read') ? { unknown: [...unknown] } : {}),
  }
}

/** @returns null when nobody could write through it: it makes records that they may not make. */
export function visibleComposer(
  ctx: RequestContext,
  { ref, plugin, key, definition }: Contribution<ComposerDefinition>,
) {
  const entity = ctx.model.entities.get(definition.entity)!
  const isSeen = (name: string) => findReadable(ctx, entity, name) !== null
  if (!ctx.ability.can('create', entity.ref) || !isSeen('about')) return null
  const { label, icon, body, fields, values } = definition
  return {
    ref,
    entity: entity.ref,
    label: wordsOf(ctx, plugin, `composers.${key}.label`, label),
    ...(icon === undefined ? {} : { icon }),
    ...(body !== undefined && isSeen(body) ? { body } : {}),
    fields: fields?.filter(isSeen) ?? [],
    values: Object.fromEntries(Object.entries(values ?? {}).filter(([name]) => isSeen(name))),
  }
}

function inOrder<T extends { readonly order?: number }>(
  map: Readonly<Record<string, T>>,
): [string, T][] {
  return Object.entries(map).sort(
    ([a, one], [b, other]) => (one.order ?? 1000) - (other.order ?? 1000) || (a < b ? -1 : 1),
  )
}
