// Neither package brings types; these are the parts that are used here.
declare module 'nodemailer' {
  interface Mail {
    readonly from: string
    readonly to: string
    readonly subject: string
    readonly text: string
    readonly html?: string
    readonly attachDataUrls?: boolean
    readonly messageId: string
    readonly headers?: Readonly<Record<string, string>>
  }
  export function createTransport(
    url: string,
    defaults: Readonly<Record<string, number | boolean>>,
  ): { sendMail(mail: Mail): Promise<unknown>; close(): void }
}

declare module 'smtp-server' {
  import type { Server } from 'node:net'
  import type { Readable } from 'node:stream'
  export class SMTPServer {
    readonly server: Server
    constructor(options: {
      readonly authOptional?: boolean
      readonly disabledCommands?: readonly string[]
      onData(stream: Readable, session: unknown, done: (error?: Error) => void): void
    })
    listen(port: number, host: string, done: () => void): void
    close(done: () => void): void
  }
}

declare module 'mailparser' {
  export function simpleParser(source: unknown): Promise<{
    readonly subject?: string
    readonly text?: string
    readonly html?: string | false
    readonly messageId?: string
    readonly from?: { readonly text: string }
    readonly to?: { readonly text: string }
    readonly headers: ReadonlyMap<string, unknown>
  }>
}
