/** One row of a menu: something to do, a heading, or a line. */
export type MenuEntry =
  | { readonly kind: 'line' }
  | { readonly kind: 'label'; readonly label: string }
  | {
      readonly kind?: 'item'
      readonly label: string
      readonly icon?: string
      readonly shortcut?: string
      readonly tone?: 'danger'
      readonly isChecked?: boolean
      readonly isDisabled?: boolean
      run(): void
    }
