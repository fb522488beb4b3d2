/** The proxies that a transport may go through. */
import { UserError } from '../model/fault.ts';
import type { TransportOptions } from './transport.ts';

const variables = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'] as const;
/** As undici knows them. */
const protocols = ['http:', 'https:', 'socks:', 'socks5:'];

/** The one that is named or, without that, those of the environment. Throws UserError `settings-invalid` for what is none. */
export function proxyAddresses({ proxy }: Pick<TransportOptions, 'proxy'>): readonly string[] {
  const named: readonly (readonly [where: string, address: string | undefined])[] =
    proxy === undefined ? variables.map((name) => [name, process.env[name]]) : [['proxy', proxy]];
  return named.flatMap(([where, address]) => {
    if (address === undefined || address === '') return [];
    if (URL.canParse(address) && protocols.includes(new URL(address).protocol)) return [address];
    // Not shown: it may hold a password.
    throw new UserError('settings-invalid', `${where} does not hold the address of a proxy.`, {
      hint: 'Write it like http://proxy.example:3128, or leave it empty.',
    });
  });
}
