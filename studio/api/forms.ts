import type { Http } from './http.ts'

export interface FormField {
  readonly order?: number
  readonly label?: string
  readonly help?: string
  readonly required?: boolean
  readonly preset?: unknown
}

export interface FormBody {
  readonly title?: string
  readonly intro?: string
  readonly fields: Readonly<Record<string, FormField>>
  readonly button?: string
  readonly thanks?: string
  readonly redirect?: string
  readonly consent?: {
    readonly text: string
    readonly purpose?: string
    readonly required?: boolean
  }
  readonly embeddedIn?: readonly string[]
  readonly mostLinks?: number
}

export interface WebForm {
  readonly id: string
  /** Made here; others come from plugins and the studio. */
  readonly isRecord: boolean
  /** Of a record. */
  readonly version: number | null
  readonly name: string
  readonly entity: string
  readonly active: boolean
  readonly body: FormBody
  readonly assignTo: string | null
  readonly url: string
  readonly snippet: string
  readonly sent: number
  readonly held: number
}

export interface WebForms {
  readonly mayChange: boolean
  /** How the public fills in fields, by their editor; what is not in it cannot stand on a form. */
  readonly controls: Readonly<Record<string, string>>
  readonly data: readonly WebForm[]
}

export interface FormToSave {
  readonly id?: string
  readonly name: string
  readonly entity: string
  readonly body: FormBody
  readonly active: boolean
  readonly assignTo: string | null
  /** As which it was read. */
  readonly version?: number
}

export function createFormsApi(http: Http) {
  return {
    list: () => http.get<WebForms>('/forms'),
    save: async (input: FormToSave) =>
      (
        await http.post<{
          output: { id: string; version: number; url: string; snippet: string }
        }>('/actions/platform.forms:save_form', { input })
      ).output,
  }
}
