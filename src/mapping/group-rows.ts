/**
 * The rows of the group that is being mapped, for whatever reads more than the first of them: lists of `each`, and `rows` in
 * expressions. One object for a compiled mapping, filled anew for each group.
 */
import type { Fault } from '../model/fault.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row-shape.ts';

export interface GroupRows {
  rows: readonly Row[];
}

/** A fault of a row of the group that need not be its first. */
export interface EntryFault extends Fault {
  /** Index into {@link GroupRows.rows}; absent: the first. */
  readonly row?: number;
}

/** Why a list of `each` cannot be made: what is wrong, row by row. */
export class RowsRefusal extends Refusal {
  readonly faults: readonly EntryFault[];

  constructor(faults: readonly EntryFault[]) {
    super('value-list', 'some of its elements are at fault');
    this.faults = faults;
  }
}
