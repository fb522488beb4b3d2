/** Adobe's identity service: tokens by OAuth server-to-server (contract §3). */
import type { Clock, EmulatorReply, EmulatorRequest } from '../emulator.ts';

export interface ImsClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Of the tokens it gives. */
  readonly lifetimeSeconds: number;
}

export interface Ims {
  handle(request: EmulatorRequest): EmulatorReply;
  isValid(token: string): boolean;
  /** Tokens given so far. */
  readonly given: number;
  reset(): void;
}

export function createIms(client: ImsClient, clock: Clock): Ims {
  const expiry = new Map<string, number>();
  let given = 0;
  const refuse = (error: string, error_description: string): EmulatorReply => ({
    status: 400,
    body: { error, error_description },
  });

  return {
    handle({ query, headers, body }) {
      const isForm = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
      const form = new URLSearchParams(isForm ? body.toString() : '');
      const parameter = (name: string) => form.get(name) ?? query.get(name);
      if (parameter('grant_type') !== 'client_credentials')
        return refuse('unsupported_grant_type', 'unsupported grant_type');
      if (parameter('client_id') !== client.clientId) return refuse('invalid_client', 'invalid client_id parameter');
      if (parameter('client_secret') !== client.clientSecret) {
        return refuse('invalid_client', 'invalid client_secret parameter');
      }
      if ((parameter('scope') ?? '') === '') return refuse('invalid_scope', 'scope is missing');
      given += 1;
      const token = `eyJhbGciOiJub25lIn0.${Buffer.from(`sandbox ${given}`).toString('base64url')}.c2FuZGJveA`;
      expiry.set(token, clock.now() + client.lifetimeSeconds * 1000);
      return {
        status: 200,
        body: { access_token: token, token_type: 'bearer', expires_in: client.lifetimeSeconds },
      };
    },
    isValid: (token) => (expiry.get(token) ?? 0) > clock.now(),
    get given() {
      return given;
    },
    reset() {
      expiry.clear();
      given = 0;
    },
  };
}
