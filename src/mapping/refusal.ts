import type { MappingCode } from './codes.ts';

/**
 * Why a value does not convert. Conversions return it in place of a value: a row may have several, and an exception for
 * each would cost more than the row. The reason never quotes the value, which may be sensitive.
 */
export class Refusal {
  readonly code: MappingCode;
  readonly reason: string;

  constructor(code: MappingCode, reason: string) {
    this.code = code;
    this.reason = reason;
  }
}
