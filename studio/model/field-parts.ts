import type { FieldKind } from './kind-traits.ts'

/** One input of a value that has several; its label is `parts.<name>`. */
export interface FieldPart {
  readonly name: string
  readonly type: 'text' | 'number' | 'date'
  /** Columns of six. */
  readonly span: number
  readonly autocomplete?: string
}

const text = (name: string, span: number, autocomplete?: string): FieldPart => ({
  name,
  type: 'text',
  span,
  ...(autocomplete ? { autocomplete } : {}),
})

const parts: Readonly<Partial<Record<FieldKind, readonly FieldPart[]>>> = {
  personName: [
    text('prefix', 2),
    text('first', 4),
    text('middle', 6),
    text('last', 4),
    text('suffix', 2),
  ],
  address: [
    text('street', 6),
    text('postalCode', 2),
    text('city', 4),
    text('region', 3),
    text('country', 3),
  ],
  geo: [
    { name: 'lat', type: 'number', span: 3 },
    { name: 'lng', type: 'number', span: 3 },
  ],
  period: [
    { name: 'from', type: 'date', span: 3 },
    { name: 'to', type: 'date', span: 3 },
  ],
}

/** In the order in which they are read; empty for values that are one. */
export const partsOf = (kind: FieldKind): readonly FieldPart[] => parts[kind] ?? []
