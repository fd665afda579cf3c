import { type Static, type TSchema, Type } from 'typebox'
import { fieldKeyPattern, pluralPattern, Reference } from './manifest.ts'

/**
 * The points that the kernel itself knows; plugins declare more under `points`. Each schema says per
 * path what other layers may override:
 * `x-override: 'free'` any valid value, `'narrow'` only stricter (`x-narrow` says in which sense),
 * and without a mark the path is locked. A mark holds for everything below it.
 */
const free = { 'x-override': 'free' } as const
const narrow = (sense: 'min-up' | 'max-down' | 'true-only' | 'subset') =>
  ({ 'x-override': 'narrow', 'x-narrow': sense }) as const
const closed = { additionalProperties: false } as const

export const Label = Type.String({ minLength: 1, maxLength: 120 })
const Help = Type.String({ maxLength: 1000 })
const Key = Type.String({ pattern: fieldKeyPattern })
/** A JSON Schema document. */
export const JsonSchema = Type.Object({}, { additionalProperties: true })
/** Filter JSON; the kernel checks its fields and operators against the model. */
export const Condition = Type.Object({}, { additionalProperties: true })
const Handler = Type.String({ pattern: fieldKeyPattern })

export const Option = Type.Object(
  {
    label: Type.Optional(Type.String({ ...free, minLength: 1, maxLength: 120 })),
    /** 1 to 10, a category colour of the design tokens. */
    color: Type.Optional(Type.Integer({ ...free, minimum: 1, maximum: 10 })),
    order: Type.Optional(Type.Number(free)),
    /** What the option means for the process, e.g. `open`, `won`, `lost`; reports rely on it. */
    category: Type.Optional(Type.String()),
    hidden: Type.Optional(Type.Boolean(free)),
  },
  closed,
)

/** What a rollup works out of the records that lead to one. */
const Measure = Type.Union([
  Type.Object({ count: Type.Literal('*') }, closed),
  Type.Object({ sum: Key }, closed),
  Type.Object({ avg: Key }, closed),
  Type.Object({ min: Key }, closed),
  Type.Object({ max: Key }, closed),
  Type.Object({ countDistinct: Key }, closed),
])

/** What holds of a field while a record is of a certain kind. */
export const FieldRule = Type.Object(
  {
    /** `show`: only then. `require`: it needs a value then. `lock`: nobody changes it then. */
    effect: Type.Union([Type.Literal('show'), Type.Literal('require'), Type.Literal('lock')]),
    /** Over kept values of the record itself: `{"stage": "lost"}`. */
    when: Condition,
  },
  closed,
)

/** A field of an entity. What stands here every field has; `params` belong to the field's type. */
export const Field = Type.Object(
  {
    /** A reference under `fieldTypes`; a bare key means the first plugin in order that brings it. */
    type: Type.String(),
    label: Type.Optional(Type.String({ ...free, minLength: 1, maxLength: 120 })),
    help: Type.Optional(Type.String({ ...free, maxLength: 1000 })),
    order: Type.Optional(Type.Number(free)),
    required: Type.Optional(Type.Boolean(narrow('true-only'))),
    /** No two records that are not deleted share the value. */
    unique: Type.Optional(Type.Boolean()),
    readOnly: Type.Optional(Type.Boolean(narrow('true-only'))),
    /** Lists filter and sort by it quickly, however many records there are. An entity has 20 such fields. */
    indexed: Type.Optional(Type.Boolean(free)),
    hidden: Type.Optional(Type.Boolean(free)),
    default: Type.Optional(Type.Unknown(free)),
    /** Personal: erased with the person. */
    pii: Type.Optional(Type.Boolean()),
    /** `person`: what a person wrote is not overwritten by imports, integrations, agents and workflows. */
    keep: Type.Optional(Type.Literal('person', free)),
    /** Relations: the entity, and, to one record, what happens here when the target is deleted. */
    to: Type.Optional(Reference),
    onDelete: Type.Optional(
      Type.Union([Type.Literal('clear'), Type.Literal('restrict'), Type.Literal('cascade')], free),
    ),
    min: Type.Optional(Type.Number(narrow('min-up'))),
    max: Type.Optional(Type.Number(narrow('max-down'))),
    maxLength: Type.Optional(Type.Integer({ ...narrow('max-down'), minimum: 1, maximum: 100_000 })),
    options: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][a-z0-9_-]{0,62}$' }), Option, free),
    ),
    /** Computed text of own fields: `{firstName} {lastName}`. */
    template: Type.Optional(Type.String({ maxLength: 500 })),
    /** Worked out from other fields: `round(price / area, 2)`. */
    formula: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 })),
    /** A formula over fields of the record, written with it: it can be indexed, and reading works nothing out. */
    stored: Type.Optional(Type.Boolean()),
    /** The value of a field of the record that a relation leads to. */
    lookup: Type.Optional(Type.Object({ through: Key, field: Key }, closed)),
    /** A sum over the records of an entity whose relation leads here. */
    rollup: Type.Optional(
      Type.Object(
        {
          from: Reference,
          through: Key,
          measure: Measure,
          filter: Type.Optional(Condition),
        },
        closed,
      ),
    ),
    rules: Type.Optional(
      Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9_-]{0,62}$' }), FieldRule, {
        ...free,
        maxProperties: 20,
      }),
    ),
    params: Type.Optional(Type.Record(Key, Type.Unknown(), free)),
    /** JSON that is a definition as a point takes it: what people save of what plugins contribute. */
    point: Type.Optional(
      Type.Object(
        {
          of: Key,
          /** Members that other fields of the record say. */
          without: Type.Optional(Type.Array(Key)),
        },
        closed,
      ),
    ),
  },
  closed,
)

const operationLiterals = [
  Type.Literal('create'),
  Type.Literal('read'),
  Type.Literal('update'),
  Type.Literal('delete'),
  Type.Literal('restore'),
] as const

export const Entity = Type.Object(
  {
    label: Type.String({ ...free, minLength: 1, maxLength: 120 }),
    labelPlural: Type.String({ ...free, minLength: 1, maxLength: 120 }),
    /** The address segment; fixed once published. */
    plural: Type.String({ pattern: pluralPattern }),
    description: Type.Optional(Type.String({ ...free, maxLength: 1000 })),
    /** A Lucide icon name. */
    icon: Type.Optional(Type.String(free)),
    color: Type.Optional(Type.Integer({ ...free, minimum: 1, maximum: 10 })),
    order: Type.Optional(Type.Number(free)),
    titleField: Type.String(free),
    subtitleField: Type.Optional(Type.String(free)),
    fields: Type.Record(Key, Field),
    /** Records that people create through a form; false for those that only the platform writes. */
    creatable: Type.Optional(Type.Boolean(narrow('subset'))),
    hidden: Type.Optional(Type.Boolean(free)),
    /** False for what machines note and nobody looks for by its words: search leaves it out. */
    searched: Type.Optional(Type.Boolean(free)),
    /**
     * Every record is its owner's alone, whatever roles say: what the owner may do with it. Nobody else reads
     * or changes it, admins included; plugins do what their capabilities say.
     */
    private: Type.Optional(Type.Array(Type.Union([...operationLiterals]))),
    /** Of records that are `private`: who reads them besides their owner, whatever roles say. */
    shownTo: Type.Optional(
      Type.Object(
        {
          /** Fields that name a member each. */
          members: Type.Optional(Type.Array(Key, { minItems: 1 })),
          /** A text field that holds the reference of a role: whoever has that role. */
          role: Type.Optional(Key),
          /** Whoever has a role that counts as admin. */
          admins: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
    /**
     * Every record is its owner's until they share it, whatever roles say. Nobody else reads, changes or deletes
     * one that is not shared with them; whoever has a role that counts as admin does, as roles let them.
     */
    audience: Type.Optional(
      Type.Object(
        {
          /** A boolean field: shared with others. */
          shared: Key,
          /** A field with a list of references of roles: of others, those who have one of them. Null is everybody. */
          roles: Type.Optional(Key),
        },
        closed,
      ),
    ),
  },
  closed,
)

/** A field onto an entity of another layer. The key of the contribution is the key of the field. */
export const FieldOn = Type.Object(
  { entity: Reference, field: Field, key: Type.Optional(Key) },
  closed,
)

export const OperationalTable = Type.Object(
  {
    columns: Type.Record(
      Key,
      Type.Object(
        {
          storage: Type.Union(
            ['text', 'float8', 'bigint', 'boolean', 'date', 'timestamptz', 'uuid', 'jsonb'].map(
              (s) => Type.Literal(s),
            ),
          ),
          required: Type.Optional(Type.Boolean()),
        },
        closed,
      ),
    ),
    /** Its rows go along when the organisation is exported. */
    export: Type.Optional(Type.Boolean()),
    /**
     * Its rows hold what people wrote or were sent. When a person is erased, optional columns that name
     * them are emptied and rows whose required columns do so are removed, with files named by `…FileId`.
     */
    personal: Type.Optional(Type.Boolean()),
    /** Lists of columns; every index is led by the organisation. */
    indexes: Type.Optional(
      Type.Record(
        Key,
        Type.Object(
          { columns: Type.Array(Key, { minItems: 1 }), unique: Type.Optional(Type.Boolean()) },
          closed,
        ),
      ),
    ),
  },
  closed,
)

export const Event = Type.Object(
  { label: Label, description: Type.Optional(Help), payload: JsonSchema },
  closed,
)

export const Risk = Type.Union([
  Type.Literal('read'),
  Type.Literal('write'),
  Type.Literal('external'),
  Type.Literal('destructive'),
])
export const Operation = Type.Union([...operationLiterals])

export const Action = Type.Object(
  {
    label: Type.String({ ...free, minLength: 1, maxLength: 120 }),
    description: Type.String({ maxLength: 2000 }),
    icon: Type.Optional(Type.String(free)),
    order: Type.Optional(Type.Number(free)),
    /**
     * Forms are drawn from it, so each property says how it is called, at any depth, but the one of `on.as`:
     * - `title`: its label, in a word or two. Locales name it `actions.<key>.input.properties.<name>.title`.
     * - `x-field: crm.tickets:ticket.priority` in place of a title, or beside one: its value is that of this field. Label,
     *   editor and the words of the options are the field's, in the words of the organisation.
     * - `x-words: {<value>: <text>}` beside an `enum` that is no field's: what its values are called.
     * - `x-filter: <entity>` of an object: conditions on its records, built and not typed. What is no reference names the
     *   property beside it that says the entity.
     * - `x-record` and `x-reference` as in `Point.schema`, of a text or of the `items` of a list: it is chosen, not typed.
     *   `x-record` may name the property that says the entity, too.
     */
    input: JsonSchema,
    /**
     * Answers are read by it, so each property says how it is called, at any depth, as those of `input` do: by `title`,
     * `x-field` and `x-words`. `x-record` of an id, or of the `items` of a list: the name of the record is read instead.
     * `x-shown-once: true` of a member: it is in this answer and no other, so the app shows it.
     */
    output: JsonSchema,
    risk: Risk,
    /** What the caller must be allowed: entity reference to operations. */
    needs: Type.Optional(Type.Record(Type.String(), Type.Array(Operation))),
    /** The entity whose records it works on, and the input property that takes the id (or the list of ids). */
    on: Type.Optional(
      Type.Object({ entity: Reference, as: Key, multiple: Type.Optional(Type.Boolean()) }, closed),
    ),
    /** Never, or always after a person said yes; the default follows from the risk. */
    approval: Type.Optional(Type.Union([Type.Literal('never'), Type.Literal('always')])),
    /** What one call costs, as far as that is known before: a currency code, or what is counted, e.g. `mail`, `sms`. */
    cost: Type.Optional(
      Type.Object(
        {
          unit: Type.String({ minLength: 1, maxLength: 40 }),
          amount: Type.Number({ minimum: 0 }),
        },
        { ...closed, ...free },
      ),
    ),
    handler: Handler,
    hidden: Type.Optional(Type.Boolean(free)),
  },
  closed,
)

export const Guard = Type.Object(
  {
    order: Type.Number(),
    handler: Handler,
    /** A guard that is required and missing, failing or late denies. */
    required: Type.Optional(Type.Boolean()),
    risks: Type.Optional(Type.Array(Risk)),
  },
  closed,
)

export const Hook = Type.Object(
  {
    entity: Reference,
    before: Type.Optional(
      Type.Union([Type.Literal('create'), Type.Literal('update'), Type.Literal('delete')]),
    ),
    /** Instead of `before`: once all records of a write are written, in the same transaction. */
    after: Type.Optional(
      Type.Union([
        Type.Literal('create'),
        Type.Literal('update'),
        Type.Literal('delete'),
        Type.Literal('restore'),
      ]),
    ),
    order: Type.Optional(Type.Number()),
    handler: Handler,
  },
  closed,
)

/**
 * Code that hears of what was committed: at least once, soon after, in the order of the organisation as a rule and
 * always when it says `ordered`.
 * What was written quietly (`workflows: skip`), and records of the plugin's own entities, it does not hear of.
 */
export const Subscriber = Type.Object(
  {
    /** `record.created|updated|deleted|restored`, or a plugin's event by its reference; `*` is all of them. */
    events: Type.Array(Type.String(), { minItems: 1 }),
    /** Names a handler that says which of these matter now, so that nobody is woken for the others. */
    wanted: Type.Optional(Handler),
    /** Updates come with the values before and after. */
    changes: Type.Optional(Type.Boolean()),
    /** Of updates, only those that change a field of one of these kinds or editors, e.g. `user`, `longText`. */
    fields: Type.Optional(Type.Array(Key, { minItems: 1 })),
    /**
     * In the order of the organisation always, one call after the other: what fails makes the later wait until it
     * is told or given up. Without it calls run beside each other, and one that failed comes after later ones.
     */
    ordered: Type.Optional(Type.Boolean()),
    handler: Handler,
  },
  closed,
)

/** Code for other plugins: `ctx.services.get('mail', 1)`. */
export const Service = Type.Object(
  {
    interface: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    methods: Type.Record(Key, Handler),
  },
  closed,
)

export const RoleRule = Type.Object(
  {
    effect: Type.Optional(Type.Union([Type.Literal('allow'), Type.Literal('deny')])),
    operations: Type.Array(Type.Union([...operationLiterals, Type.Literal('manage')]), {
      minItems: 1,
    }),
    /** An entity reference, or `*` for all of them. */
    entity: Type.String(),
    /** Only these fields; field rules say who may read or change a field. */
    fields: Type.Optional(Type.Array(Key, { minItems: 1 })),
    /** `own`: the owner is me. `team`: the owner shares a team with me. */
    scope: Type.Optional(
      Type.Union([Type.Literal('own'), Type.Literal('team'), Type.Literal('all')]),
    ),
    condition: Type.Optional(Condition),
    /** Shown to whoever is refused by a deny rule. */
    reason: Type.Optional(Type.String({ maxLength: 300 })),
  },
  closed,
)

export const Role = Type.Object(
  {
    label: Type.String({ ...free, minLength: 1, maxLength: 120 }),
    description: Type.Optional(Type.String({ ...free, maxLength: 1000 })),
    order: Type.Optional(Type.Number(free)),
    /** Whoever has it counts as an admin: the last one stays. */
    admin: Type.Optional(Type.Boolean()),
    /** New members get it when nothing else is said. */
    default: Type.Optional(Type.Boolean(free)),
    rules: Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9_-]{0,62}$' }), RoleRule, free),
    /**
     * Rights besides records, in the words of key scopes: `actions:*`, `actions:<plugin>:<key>`,
     * `actions:read` (all that only read), `studio:read`, `studio:write`, `import`, `export`, `members:manage`,
     * `keys:manage`, `settings:write`.
     */
    permissions: Type.Optional(Type.Array(Type.String(), { ...narrow('subset') })),
  },
  closed,
)

export const Settings = Type.Object(
  {
    label: Type.Optional(Label),
    /**
     * JSON Schema of an object; `default` of each property is its value until somebody sets it. Its properties say how
     * they are called as those of the input of an action do.
     */
    schema: JsonSchema,
    /** Properties that go to the vault and are never read back. */
    secrets: Type.Optional(Type.Array(Key)),
  },
  closed,
)

export const Job = Type.Object(
  {
    handler: Handler,
    maxAttempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    /** Called with `{payload, problem: {code, detail}}` when a job will not come again, to end what it began. */
    onDead: Type.Optional(Handler),
  },
  closed,
)

export const Schedule = Type.Object(
  {
    /** Five or six fields, in the organisation's time zone. */
    cron: Type.String(free),
    job: Reference,
    label: Type.Optional(Type.String(free)),
    enabled: Type.Optional(Type.Boolean(free)),
  },
  closed,
)

export const Page = Type.Object(
  {
    label: Type.String({ ...free, minLength: 1, maxLength: 120 }),
    path: Type.String({ pattern: '^/[a-z0-9/-]*$' }),
    icon: Type.Optional(Type.String(free)),
    order: Type.Optional(Type.Number(free)),
    group: Type.Optional(Type.String(free)),
    /** A page of one entity's records, or of a widget that a trusted plugin brings. */
    entity: Type.Optional(Reference),
    component: Type.Optional(Type.String()),
    hidden: Type.Optional(Type.Boolean(free)),
  },
  closed,
)

export const Locale = Type.Object(
  { messages: Type.Record(Type.String(), Type.String(), free) },
  closed,
)

export const Seed = Type.Object(
  {
    /** `base` runs for every new organisation, `sample` when somebody asks for sample data. */
    kind: Type.Union([Type.Literal('base'), Type.Literal('sample')]),
    order: Type.Optional(Type.Number()),
    handler: Handler,
  },
  closed,
)

/** An HTTP route of a trusted plugin under `/api/v1`; its first segment must be reserved for it. */
export const Route = Type.Object(
  {
    method: Type.Union(['GET', 'POST', 'PATCH', 'DELETE'].map((m) => Type.Literal(m))),
    /** `/imports/:id`. */
    path: Type.String({ pattern: '^/[a-z0-9]' }),
    summary: Type.String(),
    /**
     * `link`: anybody who has a link that `ctx.publicLink` made for it. GET or POST; its path ends
     * in `/:token`, its handler gets `params.subject` and answers with a `page`, and a GET only reads.
     * `hook`: another system calls, at the root and not under `/api/v1`: `POST /hooks/:org/<segment>/...`. The
     * kernel knows no scheme: the handler gets the bytes and headers as `hook`, runs as the plugin itself in that
     * organisation, and verifies. UnauthenticatedError and NotFoundError are one and the same 401.
     */
    auth: Type.Union(['principal', 'none', 'link', 'hook'].map((one) => Type.Literal(one))),
    /** A right as roles and scopes name it; `null` when the handler's own record access decides. */
    permission: Type.Union([Type.String(), Type.Null()]),
    rate: Type.Union([Type.Literal('normal'), Type.Literal('costly'), Type.Literal('none')]),
    idempotent: Type.Boolean(),
    params: Type.Optional(JsonSchema),
    query: Type.Optional(JsonSchema),
    body: Type.Optional(JsonSchema),
    /** Of a hook: the headers that its handler gets, in lower case; `*` is all but credentials. */
    headers: Type.Optional(Type.Array(Type.String({ pattern: '^(\\*|[a-z0-9-]{1,100})$' }))),
    /** Takes multipart: the file is on disk when the handler runs and gone when it returned. */
    upload: Type.Optional(Type.Boolean()),
    /**
     * Of a link that is posted to: the handler gets what a form of its page holds, as texts and lists of texts
     * by name. Without it a posted body is not looked at.
     */
    takesForm: Type.Optional(Type.Boolean()),
    response: Type.Record(Type.String({ pattern: '^[1-5][0-9][0-9]$' }), JsonSchema),
    handler: Handler,
  },
  closed,
)

export const FieldType = Type.Object(
  {
    label: Type.String({ ...free, minLength: 1 }),
    description: Type.Optional(Type.String(free)),
    storage: Type.Union(
      [
        'text',
        'float8',
        'bigint',
        'boolean',
        'date',
        'timestamptz',
        'uuid',
        'jsonb',
        'computed',
      ].map((s) => Type.Literal(s)),
    ),
    parts: Type.Optional(Type.Record(Key, Type.String())),
    join: Type.Optional(Type.String({ minLength: 1, maxLength: 5 })),
    api: Type.Optional(Type.Union([Type.Literal('key'), Type.Literal('id'), Type.Literal('ids')])),
    value: JsonSchema,
    params: Type.Optional(JsonSchema),
    operators: Type.Array(Type.String()),
    sortable: Type.Optional(Type.Boolean()),
    groupable: Type.Optional(Type.Boolean()),
    measures: Type.Optional(Type.Array(Type.String())),
    collation: Type.Optional(Type.Union([Type.Literal('ci'), Type.Literal('exact')])),
    kind: Type.Optional(Type.String()),
    computed: Type.Optional(
      Type.Union(['template', 'formula', 'lookup', 'rollup'].map((one) => Type.Literal(one))),
    ),
    generated: Type.Optional(Type.Literal('autoNumber')),
    editor: Type.String(),
    display: Type.String(),
    handler: Handler,
  },
  closed,
)

/** What a plugin says of a point of its own. */
export const Point = Type.Object(
  {
    label: Label,
    description: Type.Optional(Help),
    /**
     * JSON Schema of one definition, with `x-override` marks. What else it may say, checked in every layer:
     * - `x-graph: {start}` of an object: its members are the nodes of a graph without circles; the sibling
     *   that `start` names holds the key of the first.
     * - `x-node: true` of a text in a node: an edge to the node of that key.
     * - `x-reference: <point>` of a text: it names a contribution. Within `x-templates` it may be named otherwise than
     *   by `plugin:key`, e.g. an object by its plural: whoever reads it at run time says what is meant.
     * - `x-record: <entity>` of a text: it is the id of a record of that entity; editors let one choose it. Of an object
     *   with `entity` and `id`, `*`: it is any record, or one of the entities that the `enum` of `entity` lists.
     * - `x-schema-of: {reference, at}` of an object: its schema is what the contribution that the sibling
     *   `reference` names has under `at`, and that schema may say all of this, too.
     * - `x-last: true` of such a schema: nothing comes after a node of this kind; editors offer no way on.
     * - `x-templates: true`: in it, a text with `{{ … }}` stands for a value of any type.
     * - `x-formula: {entities, open}` of a text: a formula. A name in it begins with a word of `entities`, whose
     *   members are the fields of the entity that the named member of the definition says, or with one of `open`.
     * - `x-json-schema: true`: a JSON Schema, from which a validator can be made safely.
     * - `x-rule: true` of an object: a rule over places, `{fact: "record", path: "score"}` is `record.score`.
     * - `x-rules: {facts, operators}` of the schema of a point: what its rules ask about. A fact is `true`, a list of
     *   what is in it, or the member of the definition whose keys are in it; operators besides those of filters
     *   stand below their fact, each with the one of filters whose values it takes. Rules are checked by it.
     * - `x-scope: {<place>: <member>}` of an object: the record at that place of rules and templates is of the
     *   entity that the member names. `$node` in a place is the key of the node around, `*` any step. Once the
     *   schema of a point says it, fields are named where `x-names`, rules and templates do, and nowhere else.
     * - `x-names`: what names fields of the nearest `entity`: `field`, `fields`, `sort`, `filter`, `values` (by key).
     */
    schema: JsonSchema,
    /** Tiers that may contribute; all when missing. */
    tiers: Type.Optional(Type.Array(Type.String())),
    /** Where references stand in a definition: JSON-pointer-like paths (`*` for any key) to the point they refer to. */
    references: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Where names of handlers stand in a definition. */
    handlers: Type.Optional(Type.Array(Type.String())),
    /**
     * Where cron expressions stand in a definition, as paths with `*` for any key, to the job of this plugin
     * that runs when they are due. A definition with `enabled: false` has no schedules.
     */
    schedules: Type.Optional(Type.Record(Type.String(), Key)),
    /**
     * The property that names the role with whose rights a definition acts: whoever publishes it must have them.
     * A definition that names none acts with all rights, and is published by admins.
     */
    actsAs: Type.Optional(Key),
  },
  closed,
)

export interface KernelPoint {
  readonly label: string
  readonly schema: TSchema
  readonly tiers?: readonly ('declarative' | 'sandboxed' | 'trusted')[]
  /** Path pattern to the point that a reference there must be found under. */
  readonly references?: Readonly<Record<string, string>>
  /** Path patterns at which names of handlers stand. */
  readonly handlers?: readonly string[]
}

const trusted = ['trusted'] as const

/** The kernel's own points. `fieldTypes` is among them because storage is the kernel's. */
export const kernelPoints = {
  points: { label: 'Contribution points', schema: Point, tiers: trusted },
  entities: {
    label: 'Entities',
    schema: Entity,
    references: { 'fields/*/type': 'fieldTypes', 'fields/*/to': 'entities' },
  },
  fields: {
    label: 'Fields of other entities',
    schema: FieldOn,
    references: { entity: 'entities', 'field/type': 'fieldTypes', 'field/to': 'entities' },
  },
  fieldTypes: { label: 'Field types', schema: FieldType, tiers: trusted, handlers: ['handler'] },
  tables: { label: 'Operational tables', schema: OperationalTable, tiers: trusted },
  events: { label: 'Events', schema: Event },
  actions: {
    label: 'Actions',
    schema: Action,
    tiers: ['sandboxed', 'trusted'],
    references: { 'needs/*': 'entities', 'on/entity': 'entities' },
    handlers: ['handler'],
  },
  guards: { label: 'Guards', schema: Guard, tiers: trusted, handlers: ['handler'] },
  hooks: {
    label: 'Hooks',
    schema: Hook,
    tiers: trusted,
    references: { entity: 'entities' },
    handlers: ['handler'],
  },
  subscribers: {
    label: 'Subscribers',
    schema: Subscriber,
    tiers: trusted,
    handlers: ['handler', 'wanted'],
  },
  services: { label: 'Services', schema: Service, tiers: trusted, handlers: ['methods/*'] },
  roles: { label: 'Roles', schema: Role, references: { 'rules/*/entity': 'entities' } },
  settings: { label: 'Settings', schema: Settings },
  jobs: {
    label: 'Jobs',
    schema: Job,
    tiers: ['sandboxed', 'trusted'],
    handlers: ['handler', 'onDead'],
  },
  schedules: { label: 'Schedules', schema: Schedule, references: { job: 'jobs' } },
  pages: { label: 'Pages', schema: Page, references: { entity: 'entities' } },
  locales: { label: 'Locales', schema: Locale },
  seeds: { label: 'Seeds', schema: Seed, tiers: trusted, handlers: ['handler'] },
  routes: { label: 'Routes', schema: Route, tiers: trusted, handlers: ['handler'] },
} as const satisfies Record<string, KernelPoint>

export type EntityDefinition = Static<typeof Entity>
export type FieldDefinition = Static<typeof Field>
export type FieldOnDefinition = Static<typeof FieldOn>
export type OptionDefinition = Static<typeof Option>
export type RoleDefinition = Static<typeof Role>
export type RoleRule = Static<typeof RoleRule>
export type ActionDefinition = Static<typeof Action>
export type HookDefinition = Static<typeof Hook>
export type GuardDefinition = Static<typeof Guard>
export type RouteDefinition = Static<typeof Route>
export type SubscriberDefinition = Static<typeof Subscriber>
export type ServiceDefinition = Static<typeof Service>
export type SettingsDefinition = Static<typeof Settings>
export type ScheduleDefinition = Static<typeof Schedule>
export type JobDefinition = Static<typeof Job>
export type PageDefinition = Static<typeof Page>
export type SeedDefinition = Static<typeof Seed>
export type PointDefinition = Static<typeof Point>
export type OperationalTableDefinition = Static<typeof OperationalTable>
export type EventDefinition = Static<typeof Event>
export type LocaleDefinition = Static<typeof Locale>
