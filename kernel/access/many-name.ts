/**
 * The name under which the API carries a relation to several records: the key in the singular with `Ids`
 * behind it. `contacts` -> `contactIds`, `companies` -> `companyIds`, `people` -> `peopleIds`.
 */
export function manyApiName(key: string): string {
  return `${singular(key)}Ids`
}

function singular(word: string): string {
  if (/[^aeiou]ies$/.test(word)) return `${word.slice(0, -'ies'.length)}y`
  if (/(?:ss|x|ch|sh)es$/.test(word)) return word.slice(0, -'es'.length)
  return /[^s]s$/.test(word) ? word.slice(0, -1) : word
}
