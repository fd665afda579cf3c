/** A request before it is sent: `⟦kind:n⟧` stands for something that an earlier answer brought. */
export interface Plan {
  readonly operation: string
  readonly mode: Mode
  readonly who: 'session' | 'key' | 'rep' | 'nobody'
  readonly method: string
  readonly path: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Body | null
}

export type Body =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string; readonly contentType: string | null }
  | { readonly kind: 'upload'; readonly spec: string; readonly file: string }

/** How a request differs from one that is right. */
export const modes = [
  'valid',
  'broken field',
  'other type',
  'boundary',
  'unicode',
  'missing',
  'more keys',
  'deep',
  'twice the key',
  'broken text',
  'content type',
  'query',
  'address',
  'method',
  'headers',
] as const
export type Mode = (typeof modes)[number]
