/** Names of columns as people write them, taken apart and put together again. */

/** `Email Address`, `e-mail`, `EMAIL_ADDRESS` → their words in lower case, without accents. */
export function wordsOf(name: string): string[] {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss').replaceAll('ø', 'o');
  return plain
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '');
}

/** All that must agree for two spellings to be one name. */
export const folded = (name: string): string => wordsOf(name).join('');

/** Whether the words hold one of `known`; a known term of several words is written with spaces. */
export function saysOneOf(words: readonly string[], known: readonly string[]): string | undefined {
  const text = ` ${words.join(' ')} `;
  const glued = words.join('');
  return known.find((term) => text.includes(` ${term} `) || (term.includes(' ') && glued === term.replaceAll(' ', '')));
}

export type NameStyle = 'pascal' | 'camel' | 'snake';

/** Words in their own letters: accents stay, punctuation goes, and so no name can break a path. */
export function restyle(name: string, style: NameStyle): string {
  const words = name
    .replace(/(?<!\p{L})e[-_ ]mail(?!\p{L})/giu, 'Email')
    .replace(/([\p{Ll}\p{N}])(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .split(/[^\p{L}\p{N}\p{M}]+/u)
    .filter((word) => word !== '')
    .map((word) => word.toLowerCase());
  if (style === 'snake') return words.join('_');
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  return words.map((word, index) => (index === 0 && style === 'camel' ? word : capital(word))).join('');
}

/** `name`, or `name2`, `name3` …: the first that is not taken. */
export function unused(name: string, isTaken: (name: string) => boolean): string {
  if (!isTaken(name)) return name;
  for (let number = 2; ; number++) if (!isTaken(`${name}${number}`)) return `${name}${number}`;
}
