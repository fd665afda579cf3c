import type { FilterOperator } from './condition.ts'
import type { IssueCode } from './errors.ts'

/**
 * How a value is kept. A field type chooses one for its main value and may add named parts
 * (`{ currency: 'text' }`), which become columns of their own: `value`, `value_currency`.
 * `computed` has no column; its definition compiles to SQL.
 */
export type StorageClass =
  | 'text'
  | 'float8'
  | 'bigint'
  | 'boolean'
  | 'date'
  | 'timestamptz'
  | 'uuid'
  | 'jsonb'
  | 'computed'

/** A value as it is kept: what goes into the column, and into the columns of the parts. */
export interface StoredValue {
  readonly main: unknown
  readonly parts?: Readonly<Record<string, unknown>>
}

/** What is wrong with one value; `path` is below the field, e.g. `amount`. */
export interface ValueProblem {
  readonly code: IssueCode
  readonly message: string
  readonly path?: string
}

export type Parsed =
  | { readonly ok: true; readonly value: StoredValue }
  | { readonly ok: false; readonly problem: ValueProblem }

/** What a codec may know of the organisation. */
export interface CodecOrg {
  /** ISO 4217, e.g. `USD`. */
  readonly currency: string
  /** ISO 3166-1 alpha-2, for phone numbers without a country code; may be empty. */
  readonly country: string
  /** IANA, e.g. `Europe/Oslo`. */
  readonly timeZone: string
}

/**
 * Turns values of one field between the API, storage and filters. Made once per field definition,
 * called per value, pure.
 */
export interface FieldCodec {
  /** The main value as it is kept is what the API gives; then `format` is not called for records. */
  readonly plain?: boolean
  /** From the API. Never called with null or undefined; a blank text may come back as `main: null`. */
  parse(input: unknown, org: CodecOrg): Parsed
  /** To the API. Never called with `main: null`. */
  format(stored: StoredValue): unknown
  /** A value inside a filter, in the terms of the main column; the default is `parse(...).main`. */
  parseFilter?(input: unknown, org: CodecOrg): Parsed
  /** The main value for people, e.g. in a title or a mail; the default is `String(format(...))`. */
  text?(stored: StoredValue): string
}

/** A field as a codec sees it: the definition with the parameters of its type. */
export interface CodecField {
  readonly key: string
  readonly label: string
  readonly params: Readonly<Record<string, unknown>>
}

/** The handler of a field type: makes the codec of one field. Throws never; parameters were checked. */
export type FieldTypeHandler = (field: CodecField) => FieldCodec

/**
 * A contribution to the `fieldTypes` point.
 * `api` says under which name the API carries the field: `key` as it is, `id` with `Id` behind it
 * (relations to one record), `ids` its singular with `Ids` behind it (`contacts` -> `contactIds`).
 */
export interface FieldTypeDefinition {
  readonly label: string
  readonly description?: string
  readonly storage: StorageClass
  readonly parts?: Readonly<Record<string, StorageClass>>
  /**
   * Of kind `composite`: the main value is the parts that are not blank, in the order of `parts`, with
   * this between them. Without it only the parts can be compared.
   */
  readonly join?: string
  readonly api?: 'key' | 'id' | 'ids'
  /** JSON Schema of a value as the API gives it. */
  readonly value: object
  /** JSON Schema of the type's own parameters beside those every field has. */
  readonly params?: object
  readonly operators: readonly FilterOperator[]
  /** Whether records can be sorted and grouped by it. */
  readonly sortable?: boolean
  readonly groupable?: boolean
  /** Aggregates beside count and countDistinct. */
  readonly measures?: readonly ('sum' | 'avg' | 'min' | 'max')[]
  /** How two texts compare: `ci` ignores case and follows Unicode root collation. */
  readonly collation?: 'ci' | 'exact'
  /** Values that belong together for filters: dates take relative dates, users take `@me`. */
  readonly kind?:
    | 'text'
    | 'number'
    | 'currency'
    | 'boolean'
    | 'date'
    | 'dateTime'
    | 'option'
    | 'options'
    | 'relation'
    /** Several records of one entity: a list of ids. */
    | 'relations'
    | 'user'
    | 'actor'
    | 'json'
    | 'reference'
    | 'composite'
    /** An uploaded file, or a list of them: written by id, the kernel adds what is known of it. */
    | 'file'
    | 'files'
  /** What a type of storage `computed` compiles; `template` when nothing is said. */
  readonly computed?: 'template' | 'formula' | 'lookup' | 'rollup'
  /** The kernel numbers it when a record is created. */
  readonly generated?: 'autoNumber'
  readonly editor: string
  readonly display: string
  readonly handler: string
}
