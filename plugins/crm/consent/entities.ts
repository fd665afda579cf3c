export const purposeEntity = 'crm.consent:purpose'
export const consentEntity = 'crm.consent:consent'
export const entryEntity = 'crm.consent:consent_entry'

/** Where a link of a mail leads to. */
export const leavePath = '/forms/unsubscribe/:token'

export type ConsentState = 'given' | 'withdrawn'
export type ConsentSource =
  | 'form'
  | 'phone'
  | 'email'
  | 'in_person'
  | 'import'
  | 'unsubscribe_link'
  | 'other'
