import type { HandlerContext } from '@runwaycrm/sdk'

export interface Answer {
  /** Null when there was none. */
  readonly status: number | null
  readonly body: string | null
  readonly error: string | null
}

const patienceMs = 10_000
/** In bytes; what comes after it is not even received. */
const mostKept = 2_048

/** Posts a message. Whatever the other side does is an answer; only our own stop is thrown. */
export async function send(
  ctx: HandlerContext,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
): Promise<Answer> {
  try {
    const answer = await ctx.http.fetch(url, {
      ...{ method: 'POST', body, timeoutMs: patienceMs, cutAt: mostKept },
      headers: { 'content-type': 'application/json', ...headers },
    })
    const isTaken = answer.status >= 200 && answer.status < 300
    return {
      status: answer.status,
      // Who takes it and says it back would put into the log what not every reader of the log may see.
      body: isTaken ? null : plain(await answer.text()),
      error: isTaken ? null : `${new URL(url).host}: ${answer.status}`,
    }
  } catch (error) {
    if (ctx.signal.aborted) throw ctx.signal.reason
    return { status: null, body: null, error: plain((error as Error).message) }
  }
}

/** As a database keeps it. */
const plain = (text: string): string =>
  text.replaceAll('\0', '').toWellFormed().slice(0, mostKept) || '…'
