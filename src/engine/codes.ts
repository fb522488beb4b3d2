/** Codes of what ends a run, with the longer text for `cdp-load explain`. */
import { type Exit, UserError } from '../model/fault.ts';

export const engineCodes = {
  'no-input': 'No input was named, or stdin was named twice.',
  'stdin-unspooled':
    'Stdin, or another pipe, is put aside in the state directory before a row of it is sent, because it cannot be read twice. It could not be read to its end, or not be written there. Nothing was sent.',
  'not-confirmed':
    'The mapping names an operation that deletes, blocks or merges people for good. --confirm-destructive says that this is meant.',
  'too-few-rows':
    'The input has fewer rows than --min-rows or --max-drop allow: a half-empty export is worse than none.',
  'too-many-errors': 'More rows were rejected than --max-errors allows.',
  'identical-refusals':
    'The platform refused item after item with the same words and accepted none in between: then the mapping or the settings are wrong, not the rows. What was refused is rejected, everything else remains to be sent. Each run counts anew. --identical-refusals (or identicalRefusals of the target) sets how many it takes; 0 turns it off.',
  'ids-uncompared':
    'To find ids that repeat, validate puts aside in the state directory what does not fit into memory. That could not be written or read back, or the run was interrupted meanwhile, so of some ids nobody knows whether they came before.',
  interrupted: 'The run was told to stop. The same command goes on.',
  'input-changed-meanwhile':
    'The file was changed, replaced or deleted while it was being read, so nobody knows which rows were seen.',
  'nothing-to-retry': 'The run has no rejected rows that could be sent again.',
  'other-operations': 'Rows of a run can be sent again only by the operations that the run was made of.',
  'loaded-elsewise':
    'The same input was loaded into the same target before, under another mapping, and sending it again would double it.',
  'one-request-only': 'The target takes the whole load in one request or not at all, and this load needs more.',
  'bad-certificate':
    'The certificate of the platform or of the proxy is not signed by an authority that this machine trusts.',
  'proxy-refused':
    'The proxy does not let this program through to the platform: a wrong password, or a host it does not allow.',
} as const satisfies Record<string, string>;

export type EngineCode = keyof typeof engineCodes;

export const engineError = (code: EngineCode, message: string, hint: string, exit?: Exit): UserError =>
  new UserError(code, message, { hint, ...(exit === undefined ? {} : { exit }) });
