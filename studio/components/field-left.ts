/** How an editor was left; the table goes on in that direction. */
export type LeftBy = 'Enter' | 'Tab' | 'ShiftTab' | 'blur'
