import { done, StepError, type StepExecutor, settingsOf } from './step-call.ts'

interface Request {
  readonly url?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const mostKept = 64 * 1024

/** An answer that may be another one next time. */
export class PassingError extends StepError {}

/** Asks another system, through the one door to the outside. */
export const http: StepExecutor = {
  where: 'outside',
  async run(call, ctx) {
    const { url = '', method = 'POST', headers = {}, body } = settingsOf<Request>(call)
    if (!URL.canParse(url)) throw new StepError('BAD_FORMAT', `"${url}" is no address.`)
    const input = { url, method, body: body ?? null }
    if (call.isDryRun) return { ...done({ assumed: true }), input, uses: { requests: 1 } }
    const hasBody = method !== 'GET' && method !== 'HEAD' && body !== undefined && body !== null
    const answer = await ctx.http.fetch(url, {
      method,
      headers: {
        'idempotency-key': call.effectKey,
        ...(hasBody ? { 'content-type': 'application/json' } : {}),
        ...Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, String(value)]),
        ),
      },
      ...(hasBody ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    })
    const text = (await answer.text()).slice(0, mostKept)
    const output = { status: answer.status, body: parsed(text) }
    if (answer.status < 400) return { ...done(output), input }
    const message = `${new URL(url).host} answered ${answer.status}.`
    const isPassing = answer.status >= 500 || answer.status === 429 || answer.status === 408
    throw isPassing
      ? new PassingError(`HTTP_${answer.status}`, message)
      : new StepError(`HTTP_${answer.status}`, message)
  },
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

interface Mail {
  readonly to?: string | readonly string[]
  readonly subject?: string
  readonly text?: string
}

interface MailService {
  send(mail: object): Promise<unknown>
}

/** A mail; it waits in the outbox of the mail service together with the step's result. */
export const sendMail: StepExecutor = {
  where: 'inside',
  async run(call, ctx) {
    const { to = [], subject = '', text = '' } = settingsOf<Mail>(call)
    const addresses = (Array.isArray(to) ? to : [to]).filter(
      (one) => typeof one === 'string' && one,
    )
    if (addresses.length === 0) throw new StepError('REQUIRED', 'The mail goes to nobody.')
    const plugin = ctx.as(null)
    for (const address of addresses) {
      await plugin.services.get<MailService>('mail', 1).send({
        ...{ to: address, subject, text },
        template: 'workflow',
      })
    }
    const uses = { mails: addresses.length }
    return { ...done({ sent: addresses.length }), input: { to: addresses, subject, text }, uses }
  },
}
