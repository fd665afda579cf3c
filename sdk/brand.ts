/** How an organisation looks. What is missing comes from its reseller, then from the product. */
export interface Brand {
  readonly name?: string
  /** `#2f6fed`; everything coloured is derived from it. */
  readonly color?: string
  /** For the dark theme, when it is another one. */
  readonly colorDark?: string
  /** Pictures are data addresses of PNG, JPEG or WebP. */
  readonly logo?: string
  /** The logo when missing. */
  readonly favicon?: string
  /** Beside the sign-in form: a sentence, and a line below it. */
  readonly headline?: string
  readonly caption?: string
  /** What is drawn there; a picture stands over it. */
  readonly scene?: 'runway' | 'plain'
  readonly picture?: string
  /** Of the head and the button of mails; `color` when missing. */
  readonly mailColor?: string
  /** Below every mail: an address, a number in a register. */
  readonly mailFooter?: string
}
