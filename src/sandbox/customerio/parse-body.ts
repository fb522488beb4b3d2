import { parseToTheLetter } from '../../model/json.ts';

const longNumber = /\d{16}/;

/** Undefined when it is no JSON. Numbers that a double cannot hold keep their digits. */
export function parseBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    return longNumber.test(text) ? parseToTheLetter(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}
