/** What is wrong with one item, and what is only worth a word, gathered while it is read. */
import { type Fault, type Stage, shorten } from '../../model/fault.ts';
import type { Json } from '../../model/json.ts';
import type { TargetCode } from '../codes.ts';
import type { Encoded } from '../target.ts';

export type Warning = NonNullable<Encoded['warnings']>[number];

export class Findings {
  /** Lists exist only when something was found: most items have nothing. */
  faults: Fault[] | undefined;
  warnings: Warning[] | undefined;

  fault(code: TargetCode, field: string, reason: string, value?: Json, stage: Stage = 'map'): void {
    this.faults ??= [];
    this.faults.push({
      stage,
      code,
      field,
      reason,
      ...(value === undefined ? {} : { value: shorten(typeof value === 'string' ? value : JSON.stringify(value)) }),
    });
  }

  /** At most one of a code: warnings are counted by item. */
  warn(code: TargetCode, text: string): void {
    this.warnings ??= [];
    if (!this.warnings.some((warning) => warning.code === code)) this.warnings.push({ code, text });
  }
}
