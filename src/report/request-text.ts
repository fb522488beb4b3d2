/** A request as one reads it in a vendor's documents: request line, headers, a blank line, the body. */
import type { ApiRequest } from '../model/request.ts';
import { type IndentOptions, indented } from './indented.ts';

/**
 * @param mask puts a mask over secrets
 * @param options `notes` are by character of the body as {@link withoutCommands} gives it
 */
export function requestText(request: ApiRequest, mask: (text: string) => string, options: IndentOptions = {}): string {
  const url = new URL(request.url);
  const headers = Object.entries({ Host: url.host, ...request.headers }).map(
    ([name, value]) => `${name}: ${shownHeader(name, value)}`,
  );
  const body = withoutCommands(Buffer.concat(request.body).toString('utf8'));
  return mask(
    [
      `${request.method} ${url.pathname}${url.search} HTTP/1.1`,
      ...headers,
      ...(body === '' ? [] : ['', indented(body, options)]),
    ].join('\n'),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must not reach a terminal
const commands = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** JSON lets some characters stand that a terminal obeys. Spelled out they are still the same JSON. */
export const withoutCommands = (json: string): string =>
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
