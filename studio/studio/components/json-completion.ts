import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { syntaxTree } from '@codemirror/language'
import type { EditorState } from '@codemirror/state'
import type { SyntaxNode } from '@lezer/common'
import type { Path } from '../model/leaf.ts'
import { choicesOf, type Schema, schemaAt, typeOf, variantsOf } from '../model/schema.ts'

/** What may be written at a place of a definition, by its schema. */
export function jsonCompletion(
  schema: () => Schema,
  valuesAt: (path: Path) => readonly string[],
): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const place = placeAt(context.state, context.pos)
    if (!place) return null
    if (place.is === 'name') {
      const options = membersOf(schemaAt(schema(), place.path), place.taken)
      return result(place.from, place.to, options, context)
    }
    const below = schemaAt(schema(), place.path)
    const options = [
      ...(below ? valueOptions(below) : []),
      ...valuesAt(place.path).map(
        (value): Completion => ({
          label: JSON.stringify(value),
          type: 'constant',
        }),
      ),
    ]
    return result(place.from, place.to, options, context)
  }
}

function result(
  from: number,
  to: number,
  options: readonly Completion[],
  context: CompletionContext,
): CompletionResult | null {
  if (options.length === 0 || (from === to && !context.explicit)) return null
  return { from, to, options, validFor: /^["\w.:-]*"?$/ }
}

function membersOf(schema: Schema | null, taken: ReadonlySet<string>): readonly Completion[] {
  if (!schema) return []
  const shapes = [schema, ...variantsOf(schema)]
  return shapes.flatMap((shape) =>
    Object.entries(shape.properties ?? {})
      .filter(([name]) => !taken.has(name))
      .map(
        ([name, below]): Completion => ({
          label: JSON.stringify(name),
          detail: typeOf(below) ?? '',
          ...(below.description ? { info: below.description } : {}),
          type: 'property',
          boost: shape.required?.includes(name) ? 1 : 0,
          apply: `${JSON.stringify(name)}: `,
        }),
      ),
  )
}

function valueOptions(schema: Schema): readonly Completion[] {
  const choices = choicesOf(schema)
  if (choices.length > 0)
    return choices.map((one) => ({ label: JSON.stringify(one), type: 'constant' }))
  return typeOf(schema) === 'boolean'
    ? [
        { label: 'true', type: 'constant' },
        { label: 'false', type: 'constant' },
      ]
    : []
}

type Place =
  | {
      readonly is: 'name'
      readonly path: Path
      readonly from: number
      readonly to: number
      readonly taken: ReadonlySet<string>
    }
  | { readonly is: 'value'; readonly path: Path; readonly from: number; readonly to: number }

/** Where the caret stands in a text that need not be whole JSON yet. */
export function placeAt(state: EditorState, pos: number): Place | null {
  let node: SyntaxNode | null = syntaxTree(state).resolveInner(pos, -1)
  const isWord = /^(?:PropertyName|String|Number|True|False|Null|⚠)$/.test(node.name)
  const from = isWord ? node.from : pos
  const to = isWord ? Math.max(node.to, pos) : pos
  if (node.name === 'PropertyName' && node.parent) {
    const object = node.parent.parent
    return {
      is: 'name',
      path: pathOf(state, object),
      from,
      to,
      taken: namesIn(state, object, node),
    }
  }
  if (isWord) node = node.parent
  if (node?.name === 'Property') {
    const before = state.sliceDoc(node.from, pos)
    if (/^"(?:[^"\\]|\\.)*"\s*:/.test(before))
      return { is: 'value', path: pathOf(state, node), from, to }
    return {
      is: 'name',
      path: pathOf(state, node.parent),
      from,
      to,
      taken: namesIn(state, node.parent, node),
    }
  }
  if (node?.name === 'Object')
    return { is: 'name', path: pathOf(state, node), from, to, taken: namesIn(state, node, null) }
  if (node?.name === 'Array') return { is: 'value', path: [...pathOf(state, node), '0'], from, to }
  return null
}

function namesIn(
  state: EditorState,
  object: SyntaxNode | null,
  except: SyntaxNode | null,
): ReadonlySet<string> {
  const names = (object?.getChildren('Property') ?? []).flatMap((property) => {
    const name = property.getChild('PropertyName')
    return name && name.from !== except?.from ? [nameOf(state, name)] : []
  })
  return new Set(names)
}

function pathOf(state: EditorState, start: SyntaxNode | null): Path {
  const path: string[] = []
  for (let node = start; node; node = node.parent) {
    if (node.name === 'Property') {
      const name = node.getChild('PropertyName')
      if (name) path.unshift(nameOf(state, name))
    } else if (node.parent?.name === 'Array') path.unshift('0')
  }
  return path
}

function nameOf(state: EditorState, { from, to }: SyntaxNode): string {
  const text = state.sliceDoc(from, to)
  try {
    return JSON.parse(text) as string
  } catch {
    return text.replaceAll('"', '')
  }
}
