/** `npm run test:deep [-- --suite=NAME]`: the suites at their deep sizes, with seeds of their own. */
import { spawn } from 'node:child_process'
import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { suite: { type: 'string', default: '' } } })
const seed = String(Math.floor(Date.now() / 1000))
process.stdout.write(`RUNWAY_SEED=${seed} repeats this run.\n`)
const child = spawn('vitest', ['run', '--project', 'suites', values.suite], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { RUNWAY_SEED: seed, SUITE_SCALE: '10', RUNWAY_RUNS: '50000', ...process.env },
})
child.once('exit', (code) => {
  process.exitCode = code ?? 1
})
