import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { RunwayError } from '@runwaycrm/sdk'
import { configHelp } from './config.ts'
import { examineDatabase } from './database/doctor.ts'
import { installPlugin, packPlugin, pullLayer, pushLayer } from './layer-commands.ts'
import { explain, type Opened, openHouse, pluginRoots, serve } from './main.ts'
import { loadPlugins } from './plugins/load-plugins.ts'
import { readLines, writeLines } from './transfer/files.ts'
import { headerOf } from './transfer/import-org.ts'
import { parse } from './transfer/lines.ts'
import { leftOut, type OrgHeader } from './transfer/org-file.ts'

interface Command {
  readonly usage: string
  readonly meaning: string
  readonly options: NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>
  /** How many words may follow that are no options; none by default. */
  readonly words?: number
  /** @returns the exit code. */
  run(values: Values, rest: readonly string[]): Promise<number>
}
type Values = Readonly<Record<string, string | boolean | undefined>>

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const
const out = (line: string) => process.stdout.write(`${line}\n`)
// What is said on the way goes beside the answer, which scripts read.
const say = (line: string) => process.stderr.write(`${line}\n`)
const voice = { out, say }

const commands: Readonly<Record<string, Command>> = {
  start: {
    usage: 'start',
    meaning: 'Run the product',
    options: {},
    async run() {
      await serve()
      return 0
    },
  },
  migrate: {
    usage: 'migrate',
    meaning: 'Bring the database to this release',
    options: {},
    run: () =>
      withHouse(async ({ house }) => {
        if (!house.migration)
          throw new Error('Set DATABASE_ADMIN_URL: a role that may create roles and schemas.')
        for (const file of house.migration.applied) out(`ran ${file}`)
        out(`The schema is at version ${house.migration.version}.`)
        return 0
      }),
  },
  doctor: {
    usage: 'doctor',
    meaning: 'Check roles, row level security, versions and plugins',
    options: {},
    run: () => withHouse(doctor),
  },
  'org create': {
    usage:
      'org create --name N --email E [--slug S] [--plan P] [--password W] [--reseller SLUG] [--sample-data]',
    meaning: 'Make an organisation; prints {orgId, userId, slug, loginUrl}',
    options: {
      name: text,
      email: text,
      slug: text,
      plan: text,
      password: text,
      reseller: text,
      'sample-data': flag,
    },
    run: (values) =>
      withHouse(async (opened) => {
        const made = await opened.house.accounts.provision({
          orgName: needed(values, 'name'),
          email: needed(values, 'email'),
          slug: optional(values, 'slug'),
          plan: optional(values, 'plan'),
          password: optional(values, 'password'),
          reseller: optional(values, 'reseller'),
          sampleData: values['sample-data'] === true,
        })
        tellMade(opened, made)
        return 0
      }),
  },
  'org export': {
    usage: 'org export --org SLUG FILE',
    meaning: 'Write all of an organisation, files included, but its secrets into one file',
    options: { org: text },
    words: 1,
    run: (values, [file]) => withHouse((opened) => exportFile(opened, values, file)),
  },
  'org import': {
    usage: 'org import --email E [--name N] [--slug S] [--password W] [--reseller SLUG] FILE',
    meaning:
      'Make an organisation of an exported file; prints {orgId, userId, slug, loginUrl, keysToMakeAnew}',
    options: { email: text, name: text, slug: text, password: text, reseller: text },
    words: 1,
    run: (values, [file]) => withHouse((opened) => importOrgFile(opened, values, file)),
  },
  'key create': {
    usage: 'key create --org SLUG [--scopes leads:read,leads:write] [--role editor] [--name N]',
    meaning: 'Make an API key; prints it once',
    options: { org: text, scopes: text, role: text, name: text },
    run: (values) =>
      withHouse(async (opened) => {
        const orgId = await orgOf(opened, values)
        const scopes = optional(values, 'scopes')
        const name = optional(values, 'name') ?? 'Command line'
        const made = await opened.house.accounts.createKey(orgId, {
          name,
          role: optional(values, 'role'),
          scopes: scopes === undefined ? null : scopes.split(',').map((scope) => scope.trim()),
        })
        const { key, ...noted } = made
        // Whatever lists keys learns of it, so that somebody can revoke it there.
        await opened.house.callService(orgId, 'api-keys', 1, 'note', { ...noted, name })
        out(key)
        return 0
      }),
  },
  import: {
    usage: 'import --org SLUG FILE.csv --map map.json [--dry-run]',
    meaning: 'Import a file; prints counts and the change set',
    options: { org: text, map: text, 'dry-run': flag },
    words: 1,
    run: (values, [file]) => withHouse((opened) => importFile(opened, values, file)),
  },
  'plugin list': {
    usage: 'plugin list',
    meaning: 'The plugins of this installation and their state',
    options: {},
    async run() {
      const { plugins } = await loadPlugins(pluginRoots)
      for (const { id, manifest, state, reason } of plugins.values()) {
        out([id, manifest?.version ?? '-', state, reason ?? ''].join('\t').trimEnd())
      }
      return 0
    },
  },
  'plugin check': {
    usage: 'plugin check [ID]',
    meaning: 'Every problem of the plugins, or of one',
    options: {},
    words: 1,
    async run(_values, [id]) {
      const { plugins } = await loadPlugins(pluginRoots)
      if (id !== undefined && !plugins.has(id)) throw new Error(`There is no plugin "${id}".`)
      const problems = [...plugins.values()]
        .filter((plugin) => id === undefined || plugin.id === id)
        .flatMap((plugin) => plugin.problems)
      for (const problem of problems)
        out(`${problem.at}: ${problem.message} ${problem.hint}`.trimEnd())
      out(problems.length === 0 ? 'No problems.' : `${problems.length} problems.`)
      return problems.length === 0 ? 0 : 1
    },
  },
  'plugin pack': {
    usage: 'plugin pack DIR [--out FILE]',
    meaning: 'Fold a declarative plugin into one file; prints {id, version, file}',
    options: { out: text },
    words: 1,
    async run(values, [folder]) {
      const { model } = await loadPlugins(pluginRoots)
      await packPlugin(voice, model, named(folder, 'the folder'), optional(values, 'out'))
      return 0
    },
  },
  'plugin install': {
    usage: 'plugin install FILE --org SLUG [--params params.json] [--dry-run]',
    meaning:
      'Install a packed plugin, or another version of it; prints {id, version, from, items, review}',
    options: { org: text, params: text, 'dry-run': flag },
    words: 1,
    run: (values, [file]) =>
      withHouse(async (opened) => {
        const params = optional(values, 'params')
        await installPlugin(voice, opened, await orgOf(opened, values), named(file, 'the file'), {
          dryRun: values['dry-run'] === true,
          params: params === undefined ? {} : await readMap(params),
        })
        return 0
      }),
  },
  'studio pull': {
    usage: 'studio pull --org SLUG DIR',
    meaning: 'Write what an organisation built as files; prints {org, revision, files, folder}',
    options: { org: text },
    words: 1,
    run: (values, [folder]) =>
      withHouse(async (opened) => {
        const org = { orgId: await orgOf(opened, values), slug: needed(values, 'org') }
        await pullLayer(voice, opened, org, named(folder, 'the folder'))
        return 0
      }),
  },
  'studio push': {
    usage: 'studio push --org SLUG DIR [--dry-run] [--publish [--message M]]',
    meaning:
      'Bring what the folder changed into the draft; prints {org, edits, hash, items, revision?}',
    options: { org: text, 'dry-run': flag, publish: flag, message: text },
    words: 1,
    run: (values, [folder]) =>
      withHouse(async (opened) => {
        const org = { orgId: await orgOf(opened, values), slug: needed(values, 'org') }
        return pushLayer(voice, opened, org, named(folder, 'the folder'), {
          dryRun: values['dry-run'] === true,
          publish: values['publish'] === true,
          message: optional(values, 'message') ?? 'From files',
        })
      }),
  },
}

/** Reads the command line, runs the command, answers with its exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const name = [argv.slice(0, 2).join(' '), argv[0] ?? ''].find((words) =>
    Object.hasOwn(commands, words),
  )
  const command = name === undefined ? undefined : commands[name]
  if (!command || name === undefined || argv.includes('--help') || argv.includes('-h')) {
    const asked = argv.length === 0 || argv.includes('--help') || argv.includes('-h')
    if (!asked) say(`There is no command "${argv.join(' ')}".\n`)
    out(help())
    return asked ? 0 : 1
  }
  const { values, positionals } = parseArgs({
    args: argv.slice(name.split(' ').length),
    options: command.options,
    allowPositionals: true,
    strict: true,
  })
  const [unknown] = positionals.slice(command.words ?? 0)
  if (unknown !== undefined) {
    throw new Error(`"${unknown}" is one word too many. Usage: runway ${command.usage}`)
  }
  return command.run(values as Values, positionals)
}

/** The link leads to the server that runs on the same data folder; without one it has to be said. */
function tellMade(
  { address }: Opened,
  made: { readonly loginUrl: string; readonly keysToMakeAnew?: number },
): void {
  out(JSON.stringify(made))
  if (address !== null) return
  say(
    `No server runs here: the link is for ${new URL(made.loginUrl).origin}. Where another one serves, set RUNWAY_PUBLIC_URL or PORT.`,
  )
}

async function withHouse(work: (opened: Opened) => Promise<number>): Promise<number> {
  const opened = await openHouse(
    { ...process.env, LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'error' },
    { say, roles: { web: true, worker: true } },
  )
  try {
    return await work(opened)
  } finally {
    await opened.close()
  }
}

async function exportFile(
  opened: Opened,
  values: Values,
  file: string | undefined,
): Promise<number> {
  if (!file) throw new Error('Name the file to write.')
  const orgId = await orgOf(opened, values)
  const { transfer } = opened.house
  const rows = await writeLines(file, (write) =>
    transfer.exportOrg({ orgId, write, onProgress: progress() }),
  )
  out(JSON.stringify({ file, rows: Object.values(rows).reduce((sum, n) => sum + n, 0) }))
  say(leftOut)
  return 0
}

async function importOrgFile(
  opened: Opened,
  values: Values,
  file: string | undefined,
): Promise<number> {
  if (!file) throw new Error('Name the file to read.')
  const { transfer, accounts } = opened.house
  const lines = () => readLines(file)
  let header: OrgHeader | null = null
  for await (const line of lines()) {
    header = headerOf(parse(line))
    break
  }
  if (!header) throw new Error('The file is empty.')
  const name = optional(values, 'name')
  let keys = 0
  const made = await accounts.restore(
    {
      orgName: name ?? header.name,
      email: needed(values, 'email'),
      slug: optional(values, 'slug'),
      password: optional(values, 'password'),
      reseller: optional(values, 'reseller'),
      plan: header.plan,
    },
    async (orgId, slug) => {
      keys = (await transfer.importOrg({ orgId, slug, name, lines, onProgress: progress() })).keys
    },
  )
  tellMade(opened, { ...made, keysToMakeAnew: keys })
  if (keys > 0) {
    say(
      `API keys do not move: ${keys} ${keys === 1 ? 'is' : 'are'} marked as revoked. Make new ones.`,
    )
  }
  return 0
}

/** Tells people how far long work is, on one line. */
function progress(): (table: string, rows: number) => void {
  let last = 0
  return (table, rows) => {
    if (!process.stderr.isTTY || performance.now() - last < 200) return
    last = performance.now()
    process.stderr.write(`\r\u001b[K${table}: ${rows} rows`)
  }
}

/**
 * Through the same address as everybody's import, with a key that lives as long as the command.
 *
 * @returns 0 when all rows are in, 2 when some failed, 1 when nothing was done.
 */
async function importFile(
  opened: Opened,
  values: Values,
  file: string | undefined,
): Promise<number> {
  if (!file) throw new Error('Name the file to import.')
  const orgId = await orgOf(opened, values)
  const map = await readMap(needed(values, 'map'))
  const content = await contentOf(file)
  const { house } = opened
  const key = await house.accounts.createKey(orgId, { name: 'Import from the command line' })
  try {
    house.start()
    const form = new FormData()
    form.set('spec', JSON.stringify(values['dry-run'] === true ? { ...map, dryRun: true } : map))
    form.set('file', new File([content], path.basename(file), { type: 'text/csv' }))
    const request = new Request('http://localhost/', { method: 'POST', body: form })
    const authorization = `Bearer ${key.key}`
    const made = await house.app!.inject({
      method: 'POST',
      url: '/api/v1/imports',
      headers: { authorization, 'content-type': request.headers.get('content-type') ?? '' },
      payload: Buffer.from(await request.arrayBuffer()),
    })
    if (made.statusCode !== 202) {
      say(problemText(made.json()))
      return 1
    }
    const { id } = made.json<{ id: string }>()
    return await followImport(async () =>
      (
        await house.app!.inject({ url: `/api/v1/imports/${id}`, headers: { authorization } })
      ).json(),
    )
  } finally {
    await house.accounts.revokeKey(orgId, key.id)
  }
}

async function readMap(file: string): Promise<Record<string, unknown>> {
  const text = (await contentOf(file)).toString('utf8')
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}.`)
  }
}

/** @throws Error that says why the file cannot be read. */
async function contentOf(file: string): Promise<Buffer<ArrayBuffer>> {
  try {
    return await readFile(file)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const why = {
      ENOENT: 'it is not there',
      EISDIR: 'it is a folder',
      EACCES: 'this user may not read it',
    }[code]
    throw why === undefined ? error : new Error(`${file} cannot be read: ${why}.`)
  }
}

/** @returns 1 when something is wrong. */
async function doctor({ house }: Opened): Promise<number> {
  const { fine, wrong, advice } = await examineDatabase(house.db)
  const failed = [...house.deployment.plugins.values()].filter(({ state }) => state === 'failed')
  for (const line of fine) out(`ok      ${line}`)
  out(`ok      ${house.deployment.plugins.size - failed.length} plugins are ready.`)
  for (const line of advice) out(`advice  ${line}`)
  for (const line of wrong) out(`wrong   ${line}`)
  for (const { id, reason } of failed) out(`wrong   plugin ${id} failed: ${reason}`)
  return wrong.length + failed.length === 0 ? 0 : 1
}

interface ImportAnswer {
  readonly status: string
  readonly counts: {
    rows: number
    created: number
    updated: number
    skipped: number
    failed: number
  }
  readonly changeSetId?: string
  readonly errorsUrl?: string
  readonly problem?: string
}

async function followImport(look: () => Promise<ImportAnswer>): Promise<number> {
  for (let last = ''; ; await sleep(200)) {
    const run = await look()
    const line = `${run.status}: ${run.counts.rows} rows`
    if (line !== last && process.stderr.isTTY) say(line)
    last = line
    if (run.status === 'reading' || run.status === 'running') continue
    out(
      JSON.stringify({
        status: run.status,
        counts: run.counts,
        changeSetId: run.changeSetId ?? null,
        ...(run.errorsUrl ? { errorsUrl: run.errorsUrl } : {}),
      }),
    )
    if (run.problem) say(run.problem)
    const { created, updated, skipped, failed } = run.counts
    if (run.status === 'failed' || run.status === 'cancelled') return 1
    if (failed === 0) return 0
    return created + updated + skipped > 0 ? 2 : 1
  }
}

async function orgOf({ house }: Opened, values: Values): Promise<string> {
  const slug = needed(values, 'org')
  const orgId = await house.accounts.findOrgBySlug(slug)
  if (!orgId) throw new Error(`There is no organisation with the slug "${slug}".`)
  return orgId
}

function needed(values: Values, name: string): string {
  const value = values[name]
  if (typeof value === 'string' && value !== '') return value
  throw new Error(`--${name} is needed.`)
}

function named(word: string | undefined, what: string): string {
  if (word) return word
  throw new Error(`Name ${what}.`)
}

function optional(values: Values, name: string): string | undefined {
  const value = values[name]
  return typeof value === 'string' ? value : undefined
}

function problemText(problem: {
  detail?: string
  errors?: readonly { path: string; message: string }[]
}): string {
  return [
    problem.detail ?? 'The import was refused.',
    ...(problem.errors ?? []).map(({ path, message }) => `  ${path}: ${message}`),
  ].join('\n')
}

function help(): string {
  const lines = Object.values(commands).map(
    ({ usage, meaning }) => `  runway ${usage}\n      ${meaning}`,
  )
  return `Commands:\n${lines.join('\n')}\n\nEnvironment:\n${configHelp()}`
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (error instanceof RunwayError && error.errors)
    say(problemText({ detail: error.message, errors: error.errors }))
  else explain(error)
  process.exitCode = 1
}
