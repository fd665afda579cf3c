/** It is not the job's turn. It comes again after so long, and the attempt does not count. */
export class NotYetError extends Error {
  readonly delayMs: number
  constructor(delayMs: number) {
    super('The job waits for its turn.')
    this.name = 'NotYetError'
    this.delayMs = delayMs
  }
}
