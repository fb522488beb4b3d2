/** What `init` must know of an operation beside its fields: what its rows are about, where other columns go, which settings to propose. */
import type { EmptyPolicy, FieldRule } from '../targets/target.ts';
import type { DraftField, DraftSetting } from './draft.ts';
import type { NameStyle } from './names.ts';
import type { keyNames } from './vocabulary.ts';

export interface Recipe {
  readonly about: keyof typeof keyNames;
  /** Field that says whom the item is about, filled from the key. */
  readonly id?: string;
  /** What a person must look up for `id`, and for `open`. */
  readonly idChoice?: string;
  readonly openChoice?: string | undefined;
  /** Where columns go that no field is known for; absent: they are left out. */
  readonly open?: string | undefined;
  readonly style: NameStyle;
  readonly takesLists: boolean;
  readonly takesObjects: boolean | 'in lists';
  /** Lists hold nothing else. */
  readonly listsOfText?: true;
  /** Everything is text there. */
  readonly textOnly?: true;
  /** How dates are best written there. */
  readonly dateAs?: { readonly date: string; readonly datetime: string };
  /** Fields under `open`, at most. */
  readonly most?: number;
  /** What an empty cell does, where no field may be harmed by it. */
  readonly onEmpty: EmptyPolicy;
  readonly onEmptyWhy: string;
  /** Of the operation's fields, those that `init` may fill. */
  readonly rules?: (rule: FieldRule) => boolean;
  readonly settings: (plan: Plan) => DraftSetting[];
  /** For fields that are empty in some rows, where rejecting those rows would be the only other choice. */
  readonly gaps?: EmptyPolicy;
  /** Where what an empty cell may do hangs on the settings. */
  readonly emptyCells?: (plan: Plan) => { readonly onEmpty: EmptyPolicy; readonly onEmptyWhy: string } | undefined;
}

/** What settings are made of. */
export interface Plan {
  readonly fields: readonly DraftField[];
  /** Fields that the operation needs and no column gives. */
  readonly lacking: number;
  /** Output field that the key goes to. */
  readonly keyField: string | undefined;
  /** No two rows of the sample have the same key. */
  readonly isKeyUnique: boolean;
  /** The file's name as a word: `crm-customers.csv` → `crmCustomers`. */
  readonly fileWord: string;
  /** The configured target's own settings; empty when none is configured. */
  readonly given: Readonly<Record<string, unknown>>;
}

export const mayBeEmpty = ({ style, evidence }: DraftField): boolean =>
  style.required !== true && (evidence?.empty ?? 0) > 0;
const none = () => [];
export const keepsWhatIsThere = 'an empty cell leaves what is stored as it is';

export const bare: Recipe = {
  about: 'person',
  style: 'camel',
  takesLists: true,
  takesObjects: true,
  onEmpty: 'omit',
  onEmptyWhy: keepsWhatIsThere,
  settings: none,
};
