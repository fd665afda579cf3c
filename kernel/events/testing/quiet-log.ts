import type { Log } from '@runwaycrm/sdk'

export interface Heard extends Log {
  readonly lines: {
    level: string
    message: string
    details?: Record<string, unknown> | undefined
  }[]
}

/** A log that keeps its lines for the test to look at. */
export function quietLog(): Heard {
  const lines: Heard['lines'] = []
  const at = (level: string) => (message: string, details?: Record<string, unknown>) => {
    lines.push({ level, message, details })
  }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
