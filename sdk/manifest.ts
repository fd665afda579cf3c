import { type Static, Type } from 'typebox'

/** `crm.leads`: publisher-scoped, dotted, at most 63 characters. An organisation's own layer is `t`. */
export const pluginIdPattern = '^(t|r|kernel|[a-z][a-z0-9-]*(\\.[a-z][a-z0-9-]*)+)$'
/** Keys of contributions: `lead`, `score_lead`, `lead.scored`. */
export const keyPattern = '^[a-z][A-Za-z0-9]*([_.-][A-Za-z0-9]+)*$'
/** Keys of fields and columns; they become property names, so nothing but letters and digits. */
export const fieldKeyPattern = '^[a-z][A-Za-z0-9]{0,62}$'
/** `crm.leads:lead`. */
export const referencePattern = '^[a-z][a-z0-9.-]*:[a-z][A-Za-z0-9_.-]*$'
export const pluralPattern = '^[a-z][a-z0-9-]{1,39}$'
/** The version of the plugin API that this SDK describes. */
export const contractVersion = 1

/** What of the deployment's configuration plugins may ask for; nothing else ever reaches them. */
export const environmentNames = [
  'RUNWAY_PUBLIC_URL',
  'RUNWAY_FILES_URL',
  'SMTP_URL',
  'GEMINI_BASE_URL',
  'ANTHROPIC_BASE_URL',
  'STRIPE_BASE_URL',
  'SENDGRID_BASE_URL',
  'SLACK_BASE_URL',
  'TWILIO_BASE_URL',
] as const
export type EnvironmentName = (typeof environmentNames)[number]

export const Reference = Type.String({ pattern: referencePattern })

export const Tier = Type.Union([
  Type.Literal('declarative'),
  Type.Literal('sandboxed'),
  Type.Literal('trusted'),
])

/** What a plugin asks for. A handler may do no more than this, whoever calls it. */
export const Capabilities = Type.Object(
  {
    /** Entity reference (or `*`) to the operations on its records. */
    data: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Array(
          Type.Union([
            Type.Literal('create'),
            Type.Literal('read'),
            Type.Literal('update'),
            Type.Literal('delete'),
            Type.Literal('restore'),
          ]),
        ),
      ),
    ),
    /** Actions of other plugins that it runs. */
    actions: Type.Optional(Type.Array(Type.String())),
    /** Hosts that its outbound requests may reach. */
    net: Type.Optional(Type.Array(Type.String())),
    /** Services of other plugins or of the kernel that it gets, e.g. `mail`; `workflow-step.*` is all that begin so. */
    services: Type.Optional(Type.Array(Type.String())),
    /** Whom it runs under a name of their own, `ctx.as`. */
    principals: Type.Optional(
      Type.Array(Type.Union([Type.Literal('workflow'), Type.Literal('agent')])),
    ),
    /** What it reads of the operator's configuration. */
    environment: Type.Optional(
      Type.Array(Type.Union(environmentNames.map((name) => Type.Literal(name)))),
    ),
    /** Rights besides records that it keeps from whoever it acts for, e.g. `members:manage`. */
    permissions: Type.Optional(Type.Array(Type.String())),
  },
  { additionalProperties: false },
)

export const Override = Type.Object(
  {
    point: Type.String(),
    target: Reference,
    path: Type.Array(Type.String(), { minItems: 1, maxItems: 12 }),
    /** The value that its author saw; missing when there was none. */
    from: Type.Optional(Type.Unknown()),
    /** The value instead; missing removes the leaf where the point allows it. */
    to: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
)

export const HandlerDeclaration = Type.Object(
  {
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_600_000 })),
  },
  { additionalProperties: false },
)

/** The envelope of `plugin.json`. What stands under `contributes` is checked by each point's own schema. */
export const Manifest = Type.Object(
  {
    $schema: Type.Optional(Type.String()),
    id: Type.String({ pattern: pluginIdPattern, maxLength: 63 }),
    version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+(-[0-9A-Za-z.-]+)?$' }),
    contract: Type.Integer({ minimum: 1 }),
    title: Type.String({ minLength: 1, maxLength: 120 }),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    tier: Tier,
    /** The module that exports `handlers`, relative to the folder; only trusted and sandboxed plugins have one. */
    main: Type.Optional(Type.String()),
    requires: Type.Optional(Type.Record(Type.String(), Type.String())),
    enhances: Type.Optional(Type.Record(Type.String(), Type.String())),
    params: Type.Optional(
      Type.Record(Type.String(), Type.Object({}, { additionalProperties: true })),
    ),
    capabilities: Type.Optional(Capabilities),
    contributes: Type.Optional(
      Type.Record(
        Type.String({ pattern: fieldKeyPattern }),
        Type.Record(Type.String({ pattern: keyPattern }), Type.Unknown()),
      ),
    ),
    overrides: Type.Optional(Type.Array(Override, { maxItems: 10_000 })),
    handlers: Type.Optional(
      Type.Record(Type.String({ pattern: fieldKeyPattern }), HandlerDeclaration),
    ),
    /** Former key to present key, `entities/dossier` to `entities/case`. */
    formerKeys: Type.Optional(Type.Record(Type.String(), Type.String())),
    upgrades: Type.Optional(
      Type.Array(
        Type.Object({ to: Type.String(), ops: Type.Record(Type.String(), Type.Unknown()) }),
      ),
    ),
  },
  { additionalProperties: false },
)

/** How many definitions a manifest has, by point. */
export function countsOf({ contributes = {} }: Manifest): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(contributes).map(([point, keyed]) => [point, Object.keys(keyed).length]),
  )
}

export type Manifest = Static<typeof Manifest>
export type Override = Static<typeof Override>
export type Capabilities = Static<typeof Capabilities>
export type Tier = Static<typeof Tier>
