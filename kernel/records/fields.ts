import {
  type CodecOrg,
  type FieldCodec,
  type FieldTypeHandler,
  isCalendarDay,
  isKeepableText,
  type Parsed,
  toId,
  toInstant,
} from '@runwaycrm/sdk'
import type { ParsedOperand } from '../access/check-condition.ts'
import type { Comparable } from '../access/condition-tree.ts'
import { isMainPart } from '../access/condition-tree.ts'
import { parseOperandByKind } from '../access/stored-value.ts'
import type { Field } from '../model/model.ts'

/** The codecs of all fields, each made once. */
export interface Codecs {
  of(field: Field): FieldCodec
  /** A value of a filter in storage terms: of the field, or of one of its parts. */
  parseOperand(field: Field, part: string | null, input: Comparable, org: CodecOrg): ParsedOperand
}

/** @param handlerOf the handler of a field type by its reference, as the plugin that brings it says. */
export function createCodecs(handlerOf: (typeRef: string) => FieldTypeHandler): Codecs {
  const codecs = new WeakMap<Field, FieldCodec>()

  function of(field: Field): FieldCodec {
    let codec = codecs.get(field)
    if (!codec) {
      codec = makeCodec(field)
      codecs.set(field, codec)
    }
    return codec
  }

  /** What computes has the codec of its result. */
  function makeCodec(field: Field): FieldCodec {
    const { storage } = field
    if (field.system) return systemCodec(field)
    if (storage.in !== 'computed' || storage.computation.by === 'template') {
      return handlerOf(field.type)(codecField(field))
    }
    const { codec } = storage
    return codec === null ? systemCodec(field) : handlerOf(codec)(codecField(field))
  }

  return {
    of,
    parseOperand(field, part, input, org) {
      if (field.typeDefinition.kind === 'actor') return operand(parseActorPart(input))
      if (part !== null && !isMainPart(field, part)) return parsePart(field, part, input)
      const codec = of(field)
      return operand(codec.parseFilter ? codec.parseFilter(input, org) : codec.parse(input, org))
    },
  }
}

/** The parameters of the type, and what every definition has that a codec may need. */
function codecField({ key, label, definition }: Field) {
  const { params, maxLength, options } = definition
  return {
    key,
    label,
    params: {
      ...params,
      ...(maxLength === undefined ? {} : { maxLength }),
      ...(options === undefined ? {} : { options }),
    },
  }
}

function operand(parsed: Parsed): ParsedOperand {
  if (!parsed.ok) return { ok: false, code: parsed.problem.code, message: parsed.problem.message }
  return { ok: true, value: parsed.value.main as Comparable | null }
}

/** System fields belong to no plugin, so their codecs are the kernel's, and so are those of formulas. */
function systemCodec(field: Field): FieldCodec {
  const parsers: Readonly<Record<string, (input: unknown) => Parsed>> = {
    uuid: parseId,
    timestamptz: parseInstant,
    bigint: parseInteger,
    date: parseDay,
    float8: parseNumber,
    boolean: parseBoolean,
  }
  return {
    plain: true,
    parse: parsers[field.typeDefinition.storage] ?? parseText,
    format: ({ main }) => main,
  }
}

function parseText(input: unknown): Parsed {
  if (typeof input !== 'string') return wrong('Expected a text.')
  if (!isKeepableText(input)) return wrong('The text has characters that cannot be kept.')
  return kept(input === '' ? null : input)
}

function parsePart(field: Field, part: string, input: Comparable): ParsedOperand {
  return field.typeDefinition.parts?.[part] === 'text'
    ? operand(parseText(input))
    : parseOperandByKind(field, part, input)
}

/** Ids of actors are kept as text. */
function parseActorPart(input: unknown): Parsed {
  const parsed = parseText(input)
  const id = parsed.ok && typeof input === 'string' ? toId(input) : null
  return id === null ? parsed : kept(id)
}

function parseId(input: unknown): Parsed {
  if (input === '') return kept(null)
  const id = typeof input === 'string' ? toId(input) : null
  return id === null ? wrong('Expected an id.') : kept(id)
}

function parseInstant(input: unknown): Parsed {
  const instant = typeof input === 'string' ? toInstant(input) : null
  return instant === null ? wrong('Expected a moment such as 2026-03-01T09:30:00Z.') : kept(instant)
}

function parseDay(input: unknown): Parsed {
  return typeof input === 'string' && isCalendarDay(input)
    ? kept(input)
    : wrong('Expected a day such as 2026-03-01.')
}

function parseInteger(input: unknown): Parsed {
  return Number.isSafeInteger(input) ? kept(input) : wrong('Expected a whole number.')
}

function parseNumber(input: unknown): Parsed {
  return Number.isFinite(input) ? kept(input) : wrong('Expected a number.')
}

function parseBoolean(input: unknown): Parsed {
  return typeof input === 'boolean' ? kept(input) : wrong('Expected true or false.')
}

function kept(main: unknown): Parsed {
  return { ok: true, value: { main } }
}

function wrong(message: string): Parsed {
  return { ok: false, problem: { code: 'WRONG_TYPE', message } }
}
