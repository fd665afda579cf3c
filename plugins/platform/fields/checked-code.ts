import type { FieldTypeHandler } from '@runwaycrm/sdk'
import { formedText } from './formed-text.ts'

/** A number of GS1 under a bar code: 8, 12, 13 or 14 digits, the last of which checks the others. */
export const barcode: FieldTypeHandler = () => barcodeCodec

/** An article number of one's own, in capitals without spaces. */
export const sku: FieldTypeHandler = () => skuCodec

/** An international bank account number of ISO 13616, kept without spaces. */
export const iban: FieldTypeHandler = () => ibanCodec

const barcodeCodec = formedText((text) => {
  const digits = text.replace(/[\s-]/g, '')
  return /^(\d{8}|\d{12,14})$/.test(digits) && hasCheckDigit(digits) ? digits : null
}, 'Expected the 8, 12, 13 or 14 digits under a bar code; the last one checks the others.')

/** From the right, every second digit counts three times; the sum is a multiple of ten. */
function hasCheckDigit(digits: string): boolean {
  const sum = [...digits]
    .reverse()
    .reduce((total, digit, index) => total + Number(digit) * (index % 2 === 1 ? 3 : 1), 0)
  return sum % 10 === 0
}

const skuCodec = formedText((text) => {
  const code = text.replace(/\s+/g, '-').toUpperCase()
  return /^[A-Z0-9][A-Z0-9._/-]{0,63}$/.test(code) ? code : null
}, 'Expected letters, digits and . _ / - only, at most 64.')

const ibanCodec = formedText(
  (text) => {
    const code = text.replace(/[\s-]/g, '').toUpperCase()
    return /^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(code) && remainderOf97(code) === 1 ? code : null
  },
  'Expected an IBAN such as NO93 8601 1117 947; a digit is wrong or missing.',
  { text: ({ main }) => String(main).replace(/.{4}(?=.)/g, '$& ') },
)

/** ISO 7064: the first four characters go to the end, letters count from 10. */
function remainderOf97(code: string): number {
  return [...(code.slice(4) + code.slice(0, 4))].reduce((rest, character) => {
    const value = Number.parseInt(character, 36)
    return (rest * (value > 9 ? 100 : 10) + value) % 97
  }, 0)
}
