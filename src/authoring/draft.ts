/** What will be written: the mapping as data, before it is text. */

import type { LongField } from '../mapping/schema.ts';
import type { Json } from '../model/json.ts';
import type { EmptyPolicy } from '../targets/target.ts';
import type { Evidence } from './infer.ts';
import type { Privacy } from './privacy.ts';

export interface DraftField {
  /** Output path, as the mapping writes it. */
  readonly name: string;
  readonly style: LongField;
  readonly evidence?: Evidence | undefined;
  readonly privacy?: Privacy | undefined;
  /** What a person must decide or fill in. */
  readonly choose?: string | undefined;
}

export interface DraftSetting {
  readonly name: string;
  readonly value: Json;
  readonly note?: string;
  /** A person must look at it: the value is a placeholder. */
  readonly choose?: string;
  /** Written as a comment: it may stand with the target instead. */
  readonly isComment?: true;
}

export interface LeftOut {
  readonly column: string;
  readonly why: string;
}

export interface Draft {
  readonly target: string;
  readonly operation: string;
  readonly key: string | undefined;
  readonly keyNote: string | undefined;
  readonly settings: readonly DraftSetting[];
  readonly onEmpty: EmptyPolicy;
  readonly onEmptyWhy: string;
  readonly fields: readonly DraftField[];
  /** Fields that the operation needs and no column gives. */
  readonly missing: readonly { readonly name: string; readonly about: string }[];
  readonly leftOut: readonly LeftOut[];
  readonly isNdjson: boolean;
}
