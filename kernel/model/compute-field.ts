import type { FieldTypeDefinition } from '@runwaycrm/sdk'
import { placeOf } from '../manifest/problem.ts'
import { computeFormula } from './compute-formula.ts'
import { computeLookup } from './compute-lookup.ts'
import { computeRollup } from './compute-rollup.ts'
import {
  type Computed,
  ComputedError,
  type Draft,
  type Parts,
  problem,
  type Resolver,
} from './computed-parts.ts'
import type { Entity, Field, StoredFormula } from './model.ts'
import { storedFormula } from './stored-formula.ts'

/** The most computed fields that build on one another. */
const maxComputedDepth = 3
/** Nodes of a formula with all that it builds on, so that no statement grows without bounds. */
const maxComputedSize = 2_000

/** Settles one field. What is wrong makes it blank and is told; throws never. */
export function computeField(
  resolver: Resolver,
  entity: Entity,
  field: Field,
  type: FieldTypeDefinition,
  at: string,
): Computed {
  const kind = type.computed ?? 'template'
  const place = placeOf(at, kind)
  const reads = new Set<string>()
  let depth = 0
  let size = 0
  const parts: Parts = {
    read: (ref) => void (ref === entity.ref || reads.add(ref)),
    use(ref, apiName) {
      parts.read(ref)
      const used = resolver.resolve(ref, apiName)
      if (!used) throw problem(place, 'UNKNOWN_FIELD', `There is no field "${apiName}".`, '')
      for (const other of used.reads) parts.read(other)
      if (used.cycle !== null) {
        const message = `It builds on itself: ${used.cycle}.`
        throw problem(place, 'AMBIGUOUS', message, 'Take one of them out of the round.')
      }
      if (used.isBlank) {
        const message = `It builds on "${apiName}", which cannot be worked out.`
        throw problem(place, 'UNKNOWN_FIELD', message, 'Correct that field first.')
      }
      depth = Math.max(depth, used.depth)
      size += used.field.storage.in === 'computed' ? used.size : 0
      return used
    },
  }
  try {
    const draft = drafts[kind](resolver, parts, entity, field, type, place)
    depth += 1
    size += draft.size
    if (depth > maxComputedDepth) {
      const message = `Computed fields build on one another at most ${maxComputedDepth} deep.`
      throw problem(place, 'OUT_OF_RANGE', message, 'Build on stored fields instead.')
    }
    if (size > maxComputedSize) {
      const message = `With all that it builds on it has ${size} parts; ${maxComputedSize} at most.`
      throw problem(place, 'TOO_LONG', message, 'Name other computed fields less often.')
    }
    const stored = field.definition.stored ? storedFormula(entity, field, draft, at) : null
    const made = fieldOf(field, draft, [...reads], stored)
    return { field: made, depth, size, reads, problems: [], cycle: null, isBlank: false }
  } catch (error) {
    if (!(error instanceof ComputedError)) throw error
    // A composed text goes on as before: what it cannot show leaves no gap.
    const isText = kind === 'template'
    const problems = isText && error.problem.code === 'UNKNOWN_FIELD' ? [] : [error.problem]
    const draft = isText && problems.length === 0 ? templateDraft(field, type) : blankDraft(type)
    const made = fieldOf(field, draft, [...reads], null)
    return { field: made, depth: 1, size: 1, reads, problems, cycle: null, isBlank: !isText }
  }
}

const drafts = {
  template: computeTemplate,
  formula: computeFormula,
  lookup: computeLookup,
  rollup: computeRollup,
} as const

function computeTemplate(
  _resolver: Resolver,
  parts: Parts,
  entity: Entity,
  field: Field,
  type: FieldTypeDefinition,
): Draft {
  const names = [...(field.definition.template ?? '').matchAll(/\{([A-Za-z][A-Za-z0-9]*)\}/g)]
  for (const [, name = ''] of names) {
    const part = entity.fields.get(name) ?? entity.byApiName.get(name)
    if (part?.storage.in === 'computed') parts.use(entity.ref, part.apiName)
  }
  return { ...templateDraft(field, type), size: 1 + names.length }
}

function templateDraft({ definition }: Field, type: FieldTypeDefinition): Draft {
  const template = definition.template ?? ''
  const computation = { by: 'template', template } as const
  return { computation, typeDefinition: type, codec: null, like: null, size: 1 }
}

function blankDraft(type: FieldTypeDefinition): Draft {
  const computation = { by: 'nothing' } as const
  return { computation, typeDefinition: type, codec: null, like: null, size: 1 }
}

function fieldOf(
  field: Field,
  draft: Draft,
  reads: readonly string[],
  stored: StoredFormula | null,
): Field {
  const { computation, typeDefinition, codec, like } = draft
  const { options, params, max } = like?.definition ?? {}
  const definition = like
    ? Object.freeze({
        ...field.definition,
        ...(options === undefined ? {} : { options }),
        ...(max === undefined ? {} : { max }),
        params: { ...params, ...field.definition.params },
      })
    : field.definition
  return Object.freeze({
    ...field,
    definition,
    typeDefinition,
    target: like?.target ?? null,
    storage: Object.freeze({
      in: 'computed' as const,
      class: typeDefinition.storage,
      template: computation.by === 'template' ? computation.template : null,
      computation,
      codec,
      reads,
      stored,
    }),
  })
}
