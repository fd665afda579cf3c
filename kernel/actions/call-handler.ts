import type { RequestContext } from '../context/request-context.ts'
import type { ChangeScope } from './change-scope.ts'

export interface CallOptions {
  /** For a handler that declares no timeout. Default 30,000. */
  readonly usualMs?: number
  /** Whatever the handler declares. */
  readonly mostMs?: number
  /** What the handler writes belongs to it; without one every write is a change set of its own. */
  readonly change?: ChangeScope
  /** How many handlers wait for this one already. */
  readonly depth?: number
}

/**
 * Runs a handler of a plugin for whoever `ctx` says, with a context that holds no more than the
 * principal's rights and the plugin's capabilities together. Made by plugins/handler-context.ts.
 *
 * @throws HandlerMissingError when the plugin is not ready or has no such handler; HandlerTimeoutError;
 *   whatever the handler throws.
 */
export type CallHandler = (
  ctx: RequestContext,
  plugin: string,
  handler: string,
  input: unknown,
  options?: CallOptions,
) => Promise<unknown>

/** The model names a handler that this node cannot run. */
export class HandlerMissingError extends Error {
  constructor(plugin: string, handler: string) {
    super(`The plugin ${plugin} is not ready or has no handler "${handler}".`)
    this.name = 'HandlerMissingError'
  }
}

/** The handler did not come back in time. What it does from now on has no effect. */
export class HandlerTimeoutError extends Error {
  constructor(plugin: string, handler: string, timeoutMs: number) {
    super(`The handler "${handler}" of ${plugin} took longer than ${timeoutMs} ms.`)
    this.name = 'HandlerTimeoutError'
  }
}
