/** What a test or a curious person may ask of an emulated platform, and do to it: everything below `/<platform>/__emu/`. */
import * as z from 'zod';
import type { FieldRule } from '../targets/target.ts';
import type { Clock, Emulator, EmulatorReply } from './emulator.ts';
import { createFaults, type Faults } from './faults.ts';

export interface Inspected {
  readonly emulator: Emulator;
  faults: Faults;
}

export interface Question {
  readonly method: string;
  /** Below `__emu/`. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export const json = (value: unknown, status = 200): EmulatorReply => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});

export const notHere = json({ error: 'there is no such thing in this sandbox; look at /' }, 404);

const provisioning = z.strictObject({
  operation: z.string(),
  fields: z.array(z.looseObject({ name: z.string() })).default([]),
  settings: z.record(z.string(), z.unknown()).default({}),
  config: z.record(z.string(), z.unknown()).default({}),
});

export function inspect(platform: Inspected, question: Question, clock: Clock): EmulatorReply {
  try {
    return question.method === 'POST' ? change(platform, question, clock) : tell(platform, question);
  } catch (error) {
    return json({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
}

function tell({ emulator, faults }: Inspected, { method, name, query }: Question): EmulatorReply {
  if (method !== 'GET') return notHere;
  if (name === 'faults') return json({ rules: faults.rules, hits: faults.hits });
  const found = emulator.readOut(name, query);
  return found === undefined ? notHere : json(found);
}

function change(platform: Inspected, { name, body }: Question, clock: Clock): EmulatorReply {
  const text = body.toString();
  switch (name) {
    case 'reset':
      platform.emulator.reset();
      platform.faults = createFaults([], clock);
      return json({});
    case 'faults':
      platform.faults = createFaults(JSON.parse(text), clock);
      return json({ rules: platform.faults.rules.length });
    case 'provision': {
      const { operation, fields, settings, config } = provisioning.parse(JSON.parse(text));
      // The border: a rule's shape beyond its name is taken on trust, for only an engine of this version writes it.
      platform.emulator.provision(operation, fields as readonly FieldRule[], settings, config);
      return json({});
    }
    default:
      return notHere;
  }
}
