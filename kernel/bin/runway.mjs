#!/usr/bin/env node
// The `runway` command. The source is TypeScript that Node runs as written from 24 on; with an older Node
// this starts the one that the install put into node_modules.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const here = path.dirname(fileURLToPath(import.meta.url))
const cli = path.join(here, '..', 'cli.ts')

if (Number(process.versions.node.split('.')[0]) >= 24) {
  // As if it had been started itself.
  process.argv[1] = cli
  await import(new URL('../cli.ts', import.meta.url).href)
} else {
  const node = newerNode()
  if (node === null) {
    console.error(
      `runway: needs Node 24, this is ${process.version}. Run "npm ci" here, or install Node 24.`,
    )
    process.exit(1)
  }
  const child = spawn(node, [cli, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the child by itself; this process only has to wait for it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`runway: ${node} does not start: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)))
}

/** @returns {string | null} */
function newerNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  for (let at = here; at !== path.dirname(at); at = path.dirname(at)) {
    const binary = path.join(at, 'node_modules', 'node', 'bin', name)
    if (existsSync(binary)) return binary
  }
  return null
}
