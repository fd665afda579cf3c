import type { Database, Result, Statement } from '../../../kernel/database/postgres.ts'

interface Waiting {
  readonly orgId: string | null
  readonly statements: readonly Statement[]
  resolve(results: Result[]): void
  reject(reason: unknown): void
}

/**
 * Batches of one organisation that are asked for in one turn of the event loop go to the database together,
 * in one round trip. When that fails each goes alone, so that the one with the mistake fails.
 */
export function gathered(db: Pick<Database, 'batch'>): Pick<Database, 'batch'> {
  let waiting: Waiting[] = []

  async function flush(): Promise<void> {
    const all = waiting
    waiting = []
    const orgId = all[0]!.orgId
    try {
      const results = await db.batch(
        orgId,
        all.flatMap(({ statements }) => statements),
      )
      let at = 0
      for (const { statements, resolve } of all) {
        resolve(results.slice(at, at + statements.length))
        at += statements.length
      }
    } catch {
      for (const one of all) db.batch(one.orgId, one.statements).then(one.resolve, one.reject)
    }
  }

  return {
    batch: (orgId, statements) =>
      new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(() => void flush())
        else if (waiting[0]!.orgId !== orgId) throw new Error('One organisation at a time.')
        waiting.push({ orgId, statements, resolve, reject })
      }),
  }
}
