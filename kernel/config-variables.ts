import path from 'node:path'

/** A variable with what people need to know of it. `read` throws an Error that says what it expects. */
export interface Variable<T> {
  readonly name: string
  readonly meaning: string
  /** In words or as the value. */
  readonly default: string
  readonly example: string
  readonly read: (text: string | null, production: boolean) => T
}

/** By the name of the value in `Config`, in the order in which people read them. */
export const variables = {
  port: variable('PORT', 'Port of API, CRM and studio; 0 takes any free one', '3000', '8080', (t) =>
    whole(t ?? '3000', 0, 65_535),
  ),
  host: variable('HOST', 'Address to listen on', '127.0.0.1', '0.0.0.0', (t) =>
    hostName(t ?? '127.0.0.1'),
  ),
  databaseUrl: variable(
    'DATABASE_URL',
    'PostgreSQL 18 as the server’s role, which owns nothing',
    'the embedded PostgreSQL; required in production',
    'postgresql://runway_server:secret@db.internal/runway',
    (t, production) => {
      if (production && t === null) throw new Error('a connection string; production needs one')
      return t === null ? null : postgresUrl(t)
    },
  ),
  databaseAdminUrl: variable(
    'DATABASE_ADMIN_URL',
    'The same database as a role that may create roles and schemas, for migrations',
    'none: `start` does not migrate',
    'postgresql://postgres:secret@db.internal/runway',
    (t) => (t === null ? null : postgresUrl(t)),
  ),
  dataDir: variable(
    'RUNWAY_DATA_DIR',
    'Folder for files, the embedded PostgreSQL and the secret key',
    '.runway',
    '/var/lib/runway',
    (t) => path.resolve(t ?? '.runway'),
  ),
  filesUrl: variable(
    'RUNWAY_FILES_URL',
    'Where uploaded files are kept: a folder or a bucket that speaks S3, as `s3://bucket?region=…&endpoint=…`; keys as `s3://key:secret@bucket` or from the usual variables of AWS',
    'the folder `files` in the data folder',
    's3://runway-files?region=eu-north-1',
    (t) => (t === null ? null : filesUrl(t)),
  ),
  secretKey: variable(
    'RUNWAY_SECRET_KEY',
    'Signs contexts and sessions and wraps the keys of the vault; at least 16 characters',
    'made and kept in the data folder; required in production',
    'the output of `openssl rand -base64 32`',
    (t, production) => {
      if (t === null && !production) return null
      if (t === null || t.length < 16) throw new Error('at least 16 characters')
      return t
    },
  ),
  formerSecretKey: variable(
    'RUNWAY_FORMER_SECRET_KEY',
    'The secret key before the present one, for as long as the vault is being wrapped anew',
    'none',
    'the value that RUNWAY_SECRET_KEY had',
    (t) => {
      if (t !== null && t.length < 16) throw new Error('at least 16 characters')
      return t
    },
  ),
  demo: variable(
    'RUNWAY_DEMO',
    'Provision the organisation `demo` at the first start',
    'true, in production false',
    'false',
    (t, production) => (t === null ? !production : choice(t, ['true', 'false']) === 'true'),
  ),
  demoPassword: variable(
    'RUNWAY_DEMO_PASSWORD',
    'Password of admin@demo.test; 10 to 200 characters',
    'a random one, printed at each start',
    'correct-horse-battery',
    (t) => {
      const length = t === null ? 10 : [...t].length
      if (length < 10 || length > 200) throw new Error('10 to 200 characters')
      return t
    },
  ),
  operatorKey: variable(
    'RUNWAY_OPERATOR_KEY',
    'Bearer token of the operator’s routes; at least 16 characters',
    'none: those routes are closed',
    'the output of `openssl rand -base64 32`',
    (t) => {
      if (t !== null && t.length < 16) throw new Error('at least 16 characters')
      return t
    },
  ),
  roles: variable(
    'RUNWAY_ROLES',
    'What this node does: web serves requests, worker runs jobs',
    'web,worker',
    'worker',
    (t) => {
      const roles = (t ?? 'web,worker').split(',').map((r) => choice(r.trim(), ['web', 'worker']))
      return { web: roles.includes('web'), worker: roles.includes('worker') }
    },
  ),
  publicUrl: variable(
    'RUNWAY_PUBLIC_URL',
    'Address under which people reach it: links, OAuth, signatures; https makes cookies Secure',
    'http://<HOST>:<PORT>',
    'https://crm.example.com',
    (t) => (t === null ? null : webUrl(t)),
  ),
  trustProxy: variable(
    'RUNWAY_TRUST_PROXY',
    'How many proxies in front are believed about the client’s address',
    '0',
    '1',
    (t) => whole(t ?? '0', 0, 10),
  ),
  region: variable(
    'RUNWAY_REGION',
    'Name of this deployment inside API keys; 1 to 12 lower-case letters or digits',
    'local',
    'eu1',
    (t) => {
      if (!/^[a-z0-9]{1,12}$/.test(t ?? 'local')) throw new Error('1 to 12 of a-z and 0-9')
      return t ?? 'local'
    },
  ),
  rateLimit: variable(
    'RUNWAY_RATE_LIMIT',
    'Requests per second and organisation, five times as many in a burst; 0 turns it off',
    '200',
    '0',
    (t) => whole(t ?? '200', 0, 1_000_000),
  ),
  uploadLimitBytes: variable(
    'RUNWAY_UPLOAD_LIMIT',
    'Largest upload, in bytes or with KiB, MiB or GiB',
    '100MiB',
    '500MiB',
    (t) => bytes(t ?? '100MiB'),
  ),
  mapTiles: variable(
    'RUNWAY_MAP_TILES',
    'Pictures of the ground under maps; browsers ask that host for them',
    'none: maps draw land only',
    'https://tiles.example.com/{z}/{x}/{y}.png',
    (t) => (t === null ? null : tilesUrl(t)),
  ),
  mapCredit: variable(
    'RUNWAY_MAP_CREDIT',
    'Whom to name under maps for those pictures; up to 200 characters',
    'none',
    '© OpenStreetMap contributors',
    (t) => {
      if ((t ?? '').length > 200) throw new Error('up to 200 characters')
      return t
    },
  ),
  signup: variable(
    'RUNWAY_SIGNUP',
    'Whether anybody may sign up and make an organisation',
    'on',
    'off',
    (t) => choice(t ?? 'on', ['on', 'off']) === 'on',
  ),
  metricsPort: variable(
    'METRICS_PORT',
    'Port of /metrics, on HOST',
    'none: no metrics',
    '9090',
    (t) => (t === null ? null : whole(t, 0, 65_535)),
  ),
  smtpUrl: variable(
    'SMTP_URL',
    'Where mail is handed to',
    'none: the local mail catcher keeps it',
    'smtps://user:secret@smtp.example.com:465',
    (t) => {
      if (t !== null && !/^smtps?:\/\/[^/]/.test(t)) throw new Error('smtp://… or smtps://…')
      return t
    },
  ),
  logLevel: variable(
    'LOG_LEVEL',
    'Least severe lines that are written: trace, debug, info, warn, error, fatal or silent',
    'info',
    'debug',
    (t) =>
      choice(t ?? 'info', ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const),
  ),
  nodeEnv: variable(
    'NODE_ENV',
    'production asks for DATABASE_URL and RUNWAY_SECRET_KEY and has no demo',
    'development',
    'production',
    (t) => choice(t ?? 'development', ['development', 'production', 'test'] as const),
  ),
  gemini: baseUrl('GEMINI_BASE_URL', 'Gemini'),
  anthropic: baseUrl('ANTHROPIC_BASE_URL', 'Anthropic'),
  stripe: baseUrl('STRIPE_BASE_URL', 'Stripe'),
  sendgrid: baseUrl('SENDGRID_BASE_URL', 'SendGrid'),
  slack: baseUrl('SLACK_BASE_URL', 'Slack'),
  twilio: baseUrl('TWILIO_BASE_URL', 'Twilio'),
}

function variable<T>(
  name: string,
  meaning: string,
  defaultValue: string,
  example: string,
  read: Variable<T>['read'],
): Variable<T> {
  return { name, meaning, default: defaultValue, example, read }
}

function baseUrl(name: string, service: string): Variable<string | null> {
  return variable(
    name,
    `Where ${service} is reached, for tests and proxies`,
    'the service itself',
    'http://127.0.0.1:4010',
    (t) => (t === null ? null : webUrl(t)),
  )
}

// None of the readers repeats the value: it may be a secret that stands in the wrong variable.

function whole(text: string, least: number, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most) {
    throw new Error(`a whole number from ${least} to ${most}`)
  }
  return value
}

function hostName(text: string): string {
  const isName =
    /^[\w.:-]+$/.test(text) && URL.canParse(`http://${text.includes(':') ? `[${text}]` : text}`)
  if (!isName) throw new Error('an address such as 0.0.0.0 or :: or a name of this machine')
  return text
}

function choice<const T extends string>(text: string, options: readonly T[]): T {
  const found = options.find((option) => option === text)
  if (found === undefined) throw new Error(`one of ${options.join(', ')}`)
  return found
}

function bytes(text: string): number {
  const [, digits, unit] = /^(\d{1,12})\s*(KiB|MiB|GiB)?$/.exec(text) ?? []
  const factor = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit ?? ''] ?? 1
  const value = Number(digits) * factor
  if (!digits || value < 1 || value > 1024 ** 4) throw new Error('a size from 1 byte to 1024GiB')
  return value
}

function postgresUrl(text: string): string {
  if (!URL.canParse(text) || !/^postgres(ql)?:$/.test(new URL(text).protocol)) {
    throw new Error('a connection string that begins with postgresql://')
  }
  return text
}

function filesUrl(text: string): string {
  const isPlace = URL.canParse(text) && /^(s3:\/\/.|file:\/\/\/)/.test(text)
  const endpoint = isPlace ? new URL(text).searchParams.get('endpoint') : null
  if (!isPlace || (endpoint !== null && !/^https?:\/\/./.test(endpoint))) {
    throw new Error('s3://bucket?region=…&endpoint=https://… or file:///folder')
  }
  return text
}

/** With places for zoom, column and row; the host is fixed, because the content security policy names it. */
function tilesUrl(text: string): string {
  const problem = 'an http(s) address without a password that has {z}, {x} and {y} in its path'
  if (!URL.canParse(text)) throw new Error(problem)
  const url = new URL(text)
  const isWhole = ['{z}', '{x}', '{y}'].every((place) => decodeURI(url.pathname).includes(place))
  if (!/^https?:$/.test(url.protocol) || !isWhole || url.username || url.password)
    throw new Error(problem)
  return text
}

function webUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new Error('an address that begins with https:// or http://')
  }
  return text.replace(/\/+$/, '')
}
