/** A request as one reads it in a vendor's documents: request line, headers, a blank line, the body. */
import type { ApiRequest } from '../model/request.ts';

/** @param mask puts a mask over secrets */
export function requestText(request: ApiRequest, mask: (text: string) => string): string {
  const url = new URL(request.url);
  const headers = Object.entries({ Host: url.host, ...request.headers }).map(
    ([name, value]) => `${name}: ${shownHeader(name, value)}`,
  );
  const body = Buffer.concat(request.body).toString('utf8');
  return mask(
    [
      `${request.method} ${url.pathname}${url.search} HTTP/1.1`,
      ...headers,
      '',
      ...(body === '' ? [] : [withoutCommands(indented(body))]),
    ].join('\n'),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach a terminal
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON lets some characters stand that a terminal obeys. Spelled out they are still the same JSON. */
const withoutCommands = (json: string): string =>
  json.replace(commands, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Whatever scheme it is, the credentials in it are nobody's business. */
function shownHeader(name: string, value: string): string {
  if (name.toLowerCase() !== 'authorization') return value;
  const [scheme = '', ...rest] = value.split(' ');
  return scheme.startsWith('AWS4')
    ? `${scheme} ${rest
        .join(' ')
        .replace(/Credential=[^/]+/, 'Credential=•••')
        .replace(/Signature=\w+/, 'Signature=•••')}`
    : `${scheme} •••`;
}

/**
 * Spread over lines for reading. Only white space between tokens is added: numbers keep their digits, which a round trip
 * through JSON.parse would not grant.
 */
export function indented(json: string): string {
  let out = '';
  let depth = 0;
  let inText = false;
  for (let at = 0; at < json.length; at++) {
    const character = json[at] ?? '';
    if (inText) {
      out += character;
      if (character === '\\') out += json[++at] ?? '';
      else if (character === '"') inText = false;
      continue;
    }
    if (character === '"') inText = true;
    if (character === '{' || character === '[') {
      const isEmpty = json[at + 1] === '}' || json[at + 1] === ']';
      out += character;
      if (isEmpty) out += json[++at] ?? '';
      else out += newLine(++depth);
    } else if (character === '}' || character === ']') out += newLine(--depth) + character;
    else if (character === ',') out += character + newLine(depth);
    else if (character === ':') out += ': ';
    else out += character;
  }
  return out;
}

const newLine = (depth: number) => `\n${'  '.repeat(depth)}`;
