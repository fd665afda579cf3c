import { createHash } from 'node:crypto'
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const studioDir = fileURLToPath(new URL('.', import.meta.url))
const rootDir = fileURLToPath(new URL('..', import.meta.url))
const distDir = path.join(studioDir, 'dist')
const stampFile = path.join(distDir, '.inputs')
/** Beside `dist`, because the build empties that. */
const lockFile = path.join(studioDir, 'node_modules', '.build-lock')

const pollMs = 200
/** What a visitor waits for before anything shows, compressed. */
export const mostFirstBytes = 200_000
/** A build takes seconds; a lock that is older was left by one that was killed. */
const staleLockMs = 180_000

/**
 * Builds the studio when what it is made of has changed since the last build. Two starts at once
 * build once: the second waits for the first.
 *
 * @throws when the build fails or vite is not installed; what was built before stays.
 */
export async function ensureBuilt({
  log,
}: {
  readonly log: (line: string) => void
}): Promise<void> {
  const inputs = await hashInputs()
  if (await isCurrent(inputs)) return
  const release = await takeLock()
  try {
    // Another start may have built it while this one waited.
    if (await isCurrent(inputs)) return
    log('Building the studio.')
    const startedAt = performance.now()
    const { build } = await import('vite')
    await withOwnEnvironment(() =>
      build({ configFile: path.join(studioDir, 'vite.config.ts'), logLevel: 'error' }),
    )
    const { bytes } = await firstScripts()
    if (bytes > mostFirstBytes)
      throw new Error(
        `The first scripts of the studio are ${bytes} bytes, compressed; they may be ${mostFirstBytes}. Load what the first page does not need later.`,
      )
    await writeFile(stampFile, inputs)
    log(`Built the studio in ${((performance.now() - startedAt) / 1000).toFixed(1)} s.`)
  } finally {
    await release()
  }
}

/** The scripts that the page names itself, and their size together when compressed. */
export async function firstScripts(): Promise<{
  readonly files: readonly string[]
  readonly bytes: number
}> {
  const html = await readFile(path.join(distDir, 'index.html'), 'utf8')
  const files = [...html.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].flatMap(
    ([, file]) => file ?? [],
  )
  const sizes = await Promise.all(
    files.map(async (file) => gzipSync(await readFile(path.join(distDir, file))).length),
  )
  return { files, bytes: sizes.reduce((sum, size) => sum + size, 0) }
}

/**
 * A build for production, whoever asks (tests run with another NODE_ENV, and Vue would come with its
 * warnings); the server's configuration must not see the change.
 */
async function withOwnEnvironment(work: () => Promise<unknown>): Promise<void> {
  const before = process.env['NODE_ENV']
  process.env['NODE_ENV'] = 'production'
  try {
    await work()
  } finally {
    if (before === undefined) delete process.env['NODE_ENV']
    else process.env['NODE_ENV'] = before
  }
}

async function isCurrent(inputs: string): Promise<boolean> {
  try {
    return (await readFile(stampFile, 'utf8')) === inputs
  } catch {
    return false
  }
}

/** SHA-256 over names and contents of everything a build reads of ours. */
async function hashInputs(): Promise<string> {
  const files = [
    ...(await filesBelow(studioDir, (name) => name !== 'node_modules' && name !== 'dist')),
    ...(await pluginInterfaces()),
    path.join(rootDir, 'package-lock.json'),
  ]
    .filter((file) => !/\.test\.ts$|\.md$/.test(file))
    .sort()
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(path.relative(rootDir, file)).update('\0')
    hash.update(await readFile(file)).update('\0')
  }
  return hash.digest('hex')
}

/** `plugins/<group>/<plugin>/ui/**`. */
async function pluginInterfaces(): Promise<string[]> {
  const pluginsDir = path.join(rootDir, 'plugins')
  const found: string[] = []
  for (const group of await namesIn(pluginsDir))
    for (const plugin of await namesIn(path.join(pluginsDir, group)))
      found.push(...(await filesBelow(path.join(pluginsDir, group, plugin, 'ui'))))
  return found
}

async function namesIn(dir: string): Promise<string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true })
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  } catch {
    return []
  }
}

async function filesBelow(dir: string, enters = (_name: string) => true): Promise<string[]> {
  const found: string[] = []
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    if (!enters(entry.name)) continue
    const file = path.join(dir, entry.name)
    if (entry.isDirectory()) found.push(...(await filesBelow(file, enters)))
    else found.push(file)
  }
  return found
}

async function takeLock(): Promise<() => Promise<void>> {
  await mkdir(path.dirname(lockFile), { recursive: true })
  for (;;) {
    try {
      const handle = await open(lockFile, 'wx')
      await handle.writeFile(String(process.pid))
      await handle.close()
      return () => rm(lockFile, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (await isStale()) await rm(lockFile, { force: true })
    else await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

async function isStale(): Promise<boolean> {
  try {
    const [{ mtimeMs }, pid] = await Promise.all([stat(lockFile), readFile(lockFile, 'utf8')])
    return Date.now() - mtimeMs > staleLockMs || !isRunning(Number(pid))
  } catch {
    return false
  }
}

function isRunning(pid: number): boolean {
  if (!pid) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
