import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'

const fileOf = (dataDir: string) => path.join(dataDir, 'server.json')

/** Keeps in the data folder where this process serves, for commands beside it. @returns the way to forget it. */
export async function noteServer(dataDir: string, url: string): Promise<() => Promise<void>> {
  await mkdir(dataDir, { recursive: true })
  await writeFile(fileOf(dataDir), JSON.stringify({ url, pid: process.pid }), { mode: 0o600 })
  return async () => {
    const { pid } = await read(dataDir)
    // Another server on the same folder may have written its own.
    if (pid === process.pid) await rm(fileOf(dataDir), { force: true })
  }
}

/** Where a server that runs on the data folder is reached; null when none does. */
export async function runningServer(dataDir: string): Promise<string | null> {
  const { url, pid } = await read(dataDir)
  if (typeof url !== 'string' || typeof pid !== 'number') return null
  try {
    process.kill(pid, 0)
    return url
  } catch (error) {
    // It is somebody else's process, and there all the same.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? url : null
  }
}

async function read(dataDir: string): Promise<{ url?: unknown; pid?: unknown }> {
  try {
    return JSON.parse(await readFile(fileOf(dataDir), 'utf8')) as object
  } catch {
    return {}
  }
}
