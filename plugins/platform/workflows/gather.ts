import { setImmediate, setTimeout as sleep } from 'node:timers/promises'

interface Waiting<Ask, Answer> {
  readonly ask: Ask
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

const most = 500

/**
 * Asks together what many runs ask at the same time: those of one turn of the loop, and those that come while the
 * question of others is on its way. When several fail together each is asked alone, so that none fails for another.
 *
 * @param send answers in the order of the asks. It works with the context of one of those that ask, who waits for it.
 * @param restMs at least this long between two questions.
 */
export function gather<Ask, Answer>(
  send: (asks: readonly Ask[]) => Promise<readonly Answer[]>,
  restMs = 0,
): (key: string, ask: Ask) => Promise<Answer> {
  const waiting = new Map<string, Waiting<Ask, Answer>[]>()
  const sending = new Set<string>()

  async function sendAll(key: string): Promise<void> {
    sending.add(key)
    await setImmediate()
    for (let batch = next(key); batch.length > 0; batch = next(key)) {
      await sendBatch(batch)
      if (restMs > 0) await sleep(restMs, undefined, { ref: false })
    }
    sending.delete(key)
  }

  function next(key: string): readonly Waiting<Ask, Answer>[] {
    const all = waiting.get(key) ?? []
    waiting.delete(key)
    if (all.length > most) waiting.set(key, all.splice(most))
    return all
  }

  async function sendBatch(batch: readonly Waiting<Ask, Answer>[]): Promise<void> {
    try {
      const answers = await send(batch.map(({ ask }) => ask))
      for (const [at, { resolve }] of batch.entries()) resolve(answers[at] as Answer)
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const one of batch) await sendBatch([one])
    }
  }

  return (key, ask) =>
    new Promise((resolve, reject) => {
      const entry = { ask, resolve, reject }
      const batch = waiting.get(key)
      if (batch) batch.push(entry)
      else waiting.set(key, [entry])
      if (!sending.has(key)) void sendAll(key)
    })
}
