import type { EntityInfo, FieldInfo } from '@runwaycrm/sdk'
import type { LayoutSection } from '../api/model.ts'
import { fieldKind } from './field-kinds.ts'
import { formFields, isSystem, type ModelIndex, type RelatedField } from './model-index.ts'

/** A part of the page of a record, with all that it draws. */
export interface FaceSection {
  readonly key: string
  readonly label: string
  readonly widget: LayoutSection['widget']
  /** Of `fields` and `files`. */
  readonly fields: readonly FieldInfo[]
  /** Of `related` and `figure`, and of `chart` unless it is of all records. */
  readonly related: RelatedField | null
  /** As the layout has it: measure and filter. */
  readonly given: LayoutSection | null
}
export interface FaceTab {
  readonly key: string
  readonly label: string
  readonly sections: readonly FaceSection[]
}
export interface RecordFace {
  /** Null where nobody chose them. */
  readonly highlights: readonly FieldInfo[] | null
  readonly tabs: readonly FaceTab[]
}

export interface FaceWords {
  readonly details: string
  readonly timeline: string
  readonly files: string
  /** Over fields that have no place in the layout. */
  readonly rest: string
  /** Over what the system keeps: who made it, and when. */
  readonly system: string
}

const systemShown = ['ownerId', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy']
const holdsFiles = (field: FieldInfo): boolean =>
  ['file', 'files', 'image', 'images'].includes(fieldKind(field))

/**
 * How a record is laid out: as the layout of its entity says, else details, timeline and one tab per relation that
 * leads here. What a layout does not place is still shown: fields behind its last ones, related lists as tabs.
 */
export function recordFace(entity: EntityInfo, model: ModelIndex, words: FaceWords): RecordFace {
  const fields = model.fields(entity)
  const layout = model.layout(entity)
  const related = model.relatedTo(entity).filter((one) => !isSystem(one.field))
  const placedFields = new Set<string>()
  const placedRelated = new Set<string>()
  const isGiven = (layout?.tabs.length ?? 0) > 0

  const tabs: FaceTab[] = (layout?.tabs ?? []).flatMap((tab) => {
    const sections = tab.sections.flatMap((section) => sectionOf(section))
    return sections.length > 0 ? [{ key: tab.key, label: tab.label, sections }] : []
  })

  function sectionOf(section: LayoutSection): FaceSection[] {
    const { key, label = '', widget } = section
    const plain = { key, label, widget, fields: [], related: null, given: section }
    if (widget === 'timeline') return [plain]
    if (widget === 'chart' && !section.field)
      return model.entity(section.entity ?? '') ? [plain] : []
    if (widget === 'related' || widget === 'figure' || widget === 'chart') {
      const found = related.find(
        (one) => one.entity.ref === section.entity && one.field.apiName === section.field,
      )
      if (!found) return []
      if (widget === 'related') placedRelated.add(relatedKey(found))
      return [{ ...plain, related: found }]
    }
    const named = section.fields?.flatMap((name) => fields.get(name) ?? [])
    const shown =
      widget === 'files'
        ? (named ?? formFields(fields)).filter(holdsFiles)
        : (named ?? formFields(fields))
    for (const field of shown) placedFields.add(field.apiName)
    return shown.length > 0 ? [{ ...plain, fields: shown }] : []
  }

  const section = (
    key: string,
    label: string,
    widget: FaceSection['widget'],
    rest: Partial<FaceSection> = {},
  ): FaceSection => ({ key, label, widget, fields: [], related: null, given: null, ...rest })

  const own = formFields(fields).filter((field) => !placedFields.has(field.apiName))
  // The name stands above everything already, but that is not where it is changed.
  const title = isGiven ? own.filter((field) => field.apiName === entity.titleField) : []
  const rest = own.filter((field) => !title.includes(field))
  const system = systemShown
    .filter((name) => !placedFields.has(name))
    .flatMap((name) => fields.get(name) ?? [])
  const behind = [
    ...(rest.length > 0
      ? [section('rest', isGiven ? words.rest : '', 'fields', { fields: rest })]
      : []),
    ...(system.length > 0
      ? [
          section('system', isGiven || rest.length > 0 ? words.system : '', 'fields', {
            fields: system,
          }),
        ]
      : []),
  ]
  const home = tabs.findIndex((tab) => tab.sections.some((one) => one.widget === 'fields'))
  const first = tabs[home]
  if (first) {
    const at = first.sections.findIndex((one) => one.widget === 'fields')
    const named = first.sections.map((one, index) =>
      index === at ? { ...one, fields: [...title, ...one.fields] } : one,
    )
    tabs[home] = { ...first, sections: [...named, ...behind] }
  } else if (behind.length > 0)
    tabs.push({
      key: 'details',
      label: words.details,
      sections:
        title.length > 0 ? [section('title', '', 'fields', { fields: title }), ...behind] : behind,
    })

  if (!tabs.some((tab) => tab.sections.some((one) => one.widget === 'timeline')))
    tabs.push({
      key: 'timeline',
      label: words.timeline,
      sections: [section('timeline', '', 'timeline')],
    })

  for (const one of related) {
    if (placedRelated.has(relatedKey(one))) continue
    const isOneOfSeveral = related.filter((other) => other.entity === one.entity).length > 1
    tabs.push({
      key: relatedKey(one),
      label: isOneOfSeveral
        ? `${one.entity.labelPlural} · ${one.field.label}`
        : one.entity.labelPlural,
      sections: [section('related', '', 'related', { related: one })],
    })
  }
  const highlights = layout?.highlights?.flatMap((name) => fields.get(name) ?? [])
  return { highlights: highlights && highlights.length > 0 ? highlights : null, tabs }
}

/** On a page of its own the fields stand beside the tabs. */
export function besideTabs(tabs: readonly FaceTab[]): {
  readonly aside: FaceTab | null
  readonly tabs: readonly FaceTab[]
} {
  const aside = tabs.find((tab) => tab.sections.some((one) => one.widget === 'fields')) ?? null
  const rest = tabs.filter((tab) => tab !== aside)
  return rest.length > 0 ? { aside, tabs: rest } : { aside: null, tabs }
}

const relatedKey = ({ entity, field }: RelatedField): string => `${entity.ref} ${field.apiName}`
