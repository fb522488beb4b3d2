/** What would send secrets or data astray, or could not be sent at all, is refused before anything is opened. */
import { isLoopbackHost } from '../model/address.ts';
import { UserError } from '../model/fault.ts';
import { controlCharacter } from './schema.ts';
import type { RegisteredType } from './target-type.ts';

/** @throws UserError `address-with-password`, `address-not-https` */
export function checkAddresses(type: RegisteredType, settings: Readonly<Record<string, unknown>>, where: string): void {
  for (const key of new Set(['baseUrl', ...type.addresses])) {
    const value = settings[key];
    if (typeof value !== 'string' || value === '') continue;
    const url = URL.canParse(value) ? new URL(value) : undefined;
    if (url !== undefined && url.username + url.password !== '') {
      throw new UserError('address-with-password', `${where}: ${key} holds a name or a password.`, {
        hint: 'Credentials have settings of their own; another header can be set with "headers".',
      });
    }
    if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))) continue;
    throw new UserError(
      'address-not-https',
      `${where}: ${key} must be an https address (plain http only on loopback).`,
      {
        hint: `Write ${key}: https://…`,
      },
    );
  }
}

/** What a header cannot hold would fail at every request, with words that help nobody. The value itself is not shown. */
export function checkSecrets(type: RegisteredType, own: Readonly<Record<string, unknown>>, where: string): void {
  for (const key of type.secrets) {
    const value = own[key];
    if (typeof value !== 'string' || !controlCharacter.test(value)) continue;
    throw new UserError('secret-malformed', `${where}: ${key} has a line break or another control character in it.`, {
      hint: 'Look at the end of the file or of the variable that it comes from.',
    });
  }
}

export const proxyVariables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];

/** The password of a proxy's address: as it is written, as it is meant, and as it travels. */
export function credentialsIn(address: string | undefined): string[] {
  if (address === undefined || !URL.canParse(address)) return [];
  const { username, password } = new URL(address);
  if (password === '') return [];
  const encoded = (text: string) => Buffer.from(text).toString('base64');
  const meant = decodedOr(password);
  return [password, meant, encoded(`${decodedOr(username)}:${meant}`), encoded(`${username}:${password}`)];
}

function decodedOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
