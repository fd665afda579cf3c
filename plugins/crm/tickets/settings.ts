import type { HandlerContext } from '@runwaycrm/sdk'

export const ticketEntity = 'crm.tickets:ticket'
export const replyEntity = 'crm.tickets:ticket_reply'

export type Priority = 'low' | 'normal' | 'high' | 'urgent'
export const priorities: readonly Priority[] = ['low', 'normal', 'high', 'urgent']

/** When the clock of a ticket runs; times are of the organisation's time zone. */
export interface BusinessHours {
  /** 1 is Monday, 7 is Sunday. */
  readonly businessDays: readonly number[]
  /** `09:00`. */
  readonly opensAt: string
  /** `17:00`, at most `24:00`. */
  readonly closesAt: string
}

/** The settings of this plugin; plugin.json has their defaults and words. */
export interface SlaSettings extends BusinessHours {
  /** Minutes of business hours. */
  readonly targets: Readonly<
    Record<Priority, { readonly firstResponse: number; readonly resolution: number }>
  >
  readonly greeting: string
  readonly closing: string
}

export function slaSettings(ctx: HandlerContext): Promise<SlaSettings> {
  return ctx.settings<SlaSettings>('sla')
}
