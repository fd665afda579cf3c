import type { Log } from '@runwaycrm/sdk'
import { type DestinationStream, type Logger, pino } from 'pino'
import type { LogLevel } from './config.ts'

export type { Logger }

/**
 * Lines of JSON, one per event, on stdout. Whatever is logged goes through `withoutSecrets` first, so a
 * careless `log.info({ request })` does not write a password down.
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        bindings: (bindings) => withoutSecrets(bindings) as Record<string, unknown>,
        log: (object) => withoutSecrets(object) as Record<string, unknown>,
      },
      serializers: { err: withoutSecrets, error: withoutSecrets },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[]
          const object = first instanceof Error ? { err: first } : first
          const cleaned = [object, ...rest].map((arg) =>
            typeof arg === 'string' ? cleanText(arg) : arg,
          )
          // pino would take the message of the error as it is.
          const error = (object as { err?: unknown } | undefined)?.err
          if (cleaned.length === 1 && error instanceof Error) cleaned.push(cleanText(error.message))
          method.apply(this, cleaned as Parameters<typeof method>)
        },
      },
    },
    destination ?? pino.destination(1),
  )
}

const secretName =
  /pass(word|wd|phrase)|secret|token|authorization|cookie|credential|private.?key|api.?key|^key$|session.?id|signature|database.*url|smtp.*url|^(otp|pin|code)$/i

// Our API keys, bearer and basic headers, well-known vendor keys.
const secretText = [
  /\brk_[a-z0-9]{1,12}_[A-Za-z0-9]{12}_[A-Za-z0-9]{43}\b/g,
  /\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi,
  /\b(?:sk|pk|rk|whsec|xox[abprs]|SG|AIza|ghp|gho)[-_.][A-Za-z0-9._-]{16,}/g,
]
// Three runs with dots between, begun where a run begins: whether the first holds the mark of a JWT is asked
// afterwards, since looking for the mark in a pattern takes the square of the time.
const threeRuns = /(?<![\w-])[\w-]{11,}\.[\w-]{8,}\.[\w-]{8,}/g
const passwordInAddress = /(\/\/[^\s/:@]+:)[^\s/@]+@/g
const hidden = '[hidden]'
const deepest = 6

/**
 * A copy for the log: values under names of secrets are hidden at any depth, and so is text that looks
 * like one of ours or of a known vendor. Errors become `{ type, message, code, stack, cause }`.
 */
function withoutSecrets(value: unknown): unknown {
  return clean(value, 0)
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepest) return '[deeper]'
  if (value instanceof Error) return cleanError(value, depth)
  if (value instanceof Date || value instanceof Uint8Array) return value
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => clean(item, depth + 1))
  // Requests, replies and the like know how to show themselves and are shown by the door's serialisers.
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) return value
  const copy: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value)) {
    copy[name] = isSecret(name, item) ? hidden : clean(item, depth + 1)
  }
  return copy
}

function isSecret(name: string, value: unknown): boolean {
  // Counters such as `tokens: 120` are no secrets.
  return (typeof value === 'string' || typeof value === 'object') && value !== null
    ? secretName.test(name) && !isErrorCode(name, value)
    : false
}

/** `code` is a one-time code in a body and in an error one of ours, of Node's or a SQLSTATE. */
function isErrorCode(name: string, value: unknown): boolean {
  if (name !== 'code' || typeof value !== 'string') return false
  return /^[A-Z][A-Z0-9_]+$/.test(value) || sqlState.test(value)
}

/** @see PostgreSQL, appendix A: the classes that there are, so that few numbers of five digits pass. */
const sqlState = /^(?:0[0-9A-Z]|2[0-8BDF]|3[489BDF]|4[024]|5[3-8]|F0|HV|P0|XX)[0-9A-Z]{3}$/

function cleanError(error: Error, depth: number): Record<string, unknown> {
  const { name, message, stack, cause } = error
  const code = (error as { code?: unknown }).code
  const details = (error as { details?: unknown }).details
  return {
    type: name,
    message: cleanText(message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(details === undefined ? {} : { details: clean(details, depth + 1) }),
    ...(stack === undefined ? {} : { stack: cleanText(stack) }),
    ...(cause === undefined ? {} : { cause: clean(cause, depth + 1) }),
  }
}

function cleanText(text: string): string {
  let cleaned = text.replace(passwordInAddress, `$1${hidden}@`)
  for (const pattern of secretText) cleaned = cleaned.replace(pattern, hidden)
  return cleaned.replace(threeRuns, (runs) => {
    return runs.slice(0, runs.indexOf('.')).includes('eyJ') ? hidden : runs
  })
}

/** The logger as the parts and plugins see it. */
export function toLog(log: Logger): Log {
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, details?: Record<string, unknown>) =>
      log[level](details ?? {}, message)
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
