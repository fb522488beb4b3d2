/** Puts a mask over secrets, however they are spelled: as they are, percent-encoded, or inside JSON. */

export const maskText = '•••';
/** A shorter "secret" would mask half of every message. */
const shortestSecret = 4;

export function maskTexts(secrets: readonly (string | undefined)[]): (text: string) => string {
  const spellings = secrets
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    // Longest first: a secret that begins with another one must not leave its tail behind.
    .sort((a, b) => b.length - a.length);
  if (spellings.length === 0) return (text) => text;
  const pattern = new RegExp(
    [...new Set(spellings)].map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'),
    'gi',
  );
  return (text) => text.replace(pattern, maskText);
}
