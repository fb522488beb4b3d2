/** Who may call, and how often (contract §3, §4, §10.1, §10.2). */
import type { Clock, EmulatorReply, EmulatorRequest } from '../emulator.ts';

export interface User {
  readonly apiId: string;
  readonly accessToken: string;
  /** Ready-made token of the same user. */
  readonly jwt?: string;
  readonly sites: readonly string[];
}

export interface AccessOptions {
  readonly users: readonly User[];
  /** Bad logins after which everything is refused. */
  readonly lockAfter: number;
  readonly lockMs: number;
  /** Cost units a second. */
  readonly budget: number;
}

export const refusal = (status: number, message: string): EmulatorReply => ({
  status,
  body: { errorCode: status, message },
});

/** Counts bad logins; too many lock the API for everybody, good credentials included. */
export class Gate {
  private readonly clock: Clock;
  private readonly options: AccessOptions;
  private badLogins = 0;
  private lockedUntil = 0;
  private level: number;
  private filledAt: number;

  constructor(clock: Clock, options: AccessOptions) {
    this.clock = clock;
    this.options = options;
    this.level = options.budget;
    this.filledAt = clock.now();
  }

  /** A refusal, or undefined when the caller may go on. */
  admit(request: EmulatorRequest, site: string): EmulatorReply | undefined {
    const now = this.clock.now();
    if (now < this.lockedUntil) return refusal(403, 'Forbidden');
    const user = this.userOf(request.headers['authorization'] ?? '');
    if (user === undefined) {
      this.badLogins += 1;
      if (this.badLogins >= this.options.lockAfter) {
        this.lockedUntil = now + this.options.lockMs;
        this.badLogins = 0;
      }
      return refusal(403, 'Forbidden');
    }
    this.badLogins = 0;
    return user.sites.includes(site) ? undefined : refusal(401, 'User not found for this site');
  }

  private userOf(authorization: string): User | undefined {
    const [, scheme, value] = /^(Basic|Bearer) (\S+)$/i.exec(authorization) ?? [];
    if (scheme === undefined || value === undefined) return undefined;
    if (scheme.toLowerCase() === 'bearer') return this.options.users.find(({ jwt }) => jwt === value);
    const login = Buffer.from(value, 'base64').toString('utf8');
    return this.options.users.find(({ apiId, accessToken }) => login === `${apiId}:${accessToken}`);
  }

  /** Takes the cost from the bucket, or leaves it as it is and says that there was too little. */
  pay(cost: number): boolean {
    const { budget } = this.options;
    const now = this.clock.now();
    this.level = Math.min(budget, this.level + ((now - this.filledAt) / 1000) * budget);
    this.filledAt = now;
    // A request that costs more than a full bucket holds would otherwise never get through.
    if (this.level < Math.min(cost, budget)) return false;
    this.level -= cost;
    return true;
  }

  get isLocked(): boolean {
    return this.clock.now() < this.lockedUntil;
  }
}
