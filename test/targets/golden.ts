/** Golden requests: files that read like HTTP, so that a person can lay them beside the vendor's documents. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ApiRequest } from '../../src/model/request.ts';

const folder = join(import.meta.dirname, '..', '..', 'fixtures', 'targets');

/** Writes the file under UPDATE_GOLDEN=1, compares otherwise. */
export function compareGolden(path: string, request: ApiRequest, secrets: readonly string[]): void {
  const file = join(folder, path);
  const text = maskSecrets(readable(request), secrets);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `there is no ${path} yet: run the test with UPDATE_GOLDEN=1, and read what it wrote`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

/** Request line, headers by name with the exact length of the body, and the body pretty-printed with all digits of its numbers. */
function readable({ method, url, headers, body }: ApiRequest): string {
  const { host, pathname, search } = new URL(url);
  const bytes = Buffer.concat(body);
  const length = bytes.length === 0 ? {} : { 'Content-Length': String(bytes.length) };
  const lines = Object.entries({ ...headers, ...length, Host: host })
    .sort(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${pathname}${search} HTTP/1.1`, ...lines, '', pretty(bytes.toString()), ''].join('\n');
}

function pretty(body: string): string {
  try {
    const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
    const keepDigits = (_key: string, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined ? rawJSON(context.source) : value;
    return JSON.stringify(JSON.parse(body, keepDigits), null, 2);
  } catch {
    return body;
  }
}

function maskSecrets(text: string, secrets: readonly string[]): string {
  const longestFirst = [...secrets].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((masked, secret) => masked.replaceAll(secret, '•••'), text);
}
