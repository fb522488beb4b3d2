/**
 * What is to be done with each input: load it, go on with it, or leave it because it has been loaded. Refuses where going
 * on could skip rows or send some twice, and names the choices. Reads the journal and changes nothing.
 */
import type { UserError } from '../model/fault.ts';
import { journalError } from './codes.ts';
import type { Destination, Fingerprint, Input, Load, Loads } from './loads.ts';
import { countRows, isUntouched, type LoadState, type RowCounts } from './state.ts';

export interface PlanRequest extends Destination {
  readonly inputs: readonly Input[];
  /** Load anew what is complete. */
  readonly again?: boolean;
  /** Give up unfinished loads that are in the way, and start over. */
  readonly restart?: boolean;
  /** Go on with an unfinished load under this mapping. */
  readonly newMapping?: boolean;
}

export type Decision =
  | {
      readonly kind: 'new';
      readonly input: Input;
      /** Unfinished loads that this one takes the place of. */
      readonly replaces: readonly Load[];
      /** The same input was loaded into the same target before, under another mapping. */
      readonly priorMapping?: Load;
    }
  | {
      readonly kind: 'resume';
      readonly input: Input;
      readonly load: Load;
      readonly state: LoadState;
      /** Stored events that it was read from. */
      readonly events: number;
      readonly counts: RowCounts;
      /** Going on under another mapping than it was begun with. */
      readonly remapped: boolean;
    }
  | { readonly kind: 'already-complete'; readonly input: Input; readonly load: Load; readonly counts: RowCounts }
  /** The same content as input number `of` of this request. */
  | { readonly kind: 'duplicate-of'; readonly input: Input; readonly of: number };

/** Throws `input-changed`, `mapping-changed`, and what `refuseIfHeld` throws for a load that would be given up. */
export function decide(request: PlanRequest, loads: Loads, refuseIfHeld: (load: Load) => void): readonly Decision[] {
  const seen = new Map<string, number>();
  return request.inputs.map((input, index): Decision => {
    const content = JSON.stringify(input.fingerprint);
    const first = seen.get(content);
    if (first !== undefined) return { kind: 'duplicate-of', input, of: first };
    seen.set(content, index);
    return decideOne(request, input, loads, refuseIfHeld);
  });
}

function decideOne(request: PlanRequest, input: Input, loads: Loads, refuseIfHeld: (load: Load) => void): Decision {
  const open = loads.open(request, input);
  if (open !== undefined && !request.restart) return resume(open, input, loads, false);

  const complete = loads.lastComplete(request, input);
  if (open === undefined && complete !== undefined && !request.again) {
    const { state } = loads.readState(complete);
    return { kind: 'already-complete', input, load: complete, counts: countRows(state, complete.records) };
  }

  const alike = loads.unfinishedAlike(request, input);
  const sameInput = alike.filter((load) => load.mapping !== request.mapping && sameContent(load, input));
  const latest = sameInput.at(-1);
  if (latest !== undefined && request.newMapping && !request.restart) return resume(latest, input, loads, true);

  for (const load of alike) {
    refuseIfHeld(load);
    if (request.restart) continue;
    const { state } = loads.readState(load);
    if (isUntouched(state)) continue;
    throw sameContent(load, input) ? mappingChanged(load, input, state) : inputChanged(load, input, state);
  }
  const prior = loads.lastCompleteElsewise(request, input);
  return { kind: 'new', input, replaces: alike, ...(prior === undefined ? {} : { priorMapping: prior }) };
}

function resume(load: Load, input: Input, loads: Loads, remapped: boolean): Decision {
  const { state, events } = loads.readState(load);
  return { kind: 'resume', input, load, state, events, counts: countRows(state, load.records), remapped };
}

const sameContent = (load: Load, { fingerprint: { size, head, tail } }: Input): boolean =>
  load.fingerprint.size === size && load.fingerprint.head === head && load.fingerprint.tail === tail;

function inputChanged(load: Load, input: Input, state: LoadState): UserError {
  return journalError(
    'input-changed',
    `${input.path} ${changeOf(load.fingerprint, input.fingerprint)} since run ${load.lastRun} left its load unfinished (${progressOf(state)})`,
    {
      hint: 'Put the file back as it was and run the same command to go on, or add --restart to give that load up and load the file as it is now',
    },
  );
}

function changeOf(was: Fingerprint, is: Fingerprint): string {
  const size =
    is.size === was.size ? '' : `has ${is.size > was.size ? 'grown' : 'shrunk'} from ${was.size} to ${is.size} bytes`;
  // In a file shorter than the hashed head, one row more is another head.
  return was.head === is.head && size !== ''
    ? size
    : ['has other content', size].filter((text) => text !== '').join(' and ');
}

function mappingChanged(load: Load, input: Input, state: LoadState): UserError {
  return journalError(
    'mapping-changed',
    `The mapping has changed since run ${load.lastRun} left the load of ${input.path} unfinished (${progressOf(state)})`,
    {
      hint: 'Put the mapping back to go on as before, add --new-mapping to load the rest under the new one, or --restart to load every row again',
    },
  );
}

function progressOf(state: LoadState): string {
  const { accepted, uncertain, sending } = countRows(state);
  const unsure = uncertain + sending;
  return `${accepted} rows accepted${unsure === 0 ? '' : `, ${unsure} uncertain`}`;
}
