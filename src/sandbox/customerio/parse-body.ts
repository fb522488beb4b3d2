const longNumber = /\d{16}/;
// The one border to a JavaScript feature that TypeScript's library does not declare yet (ES "JSON.parse source text access").
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Undefined when it is no JSON. Numbers that a double cannot hold keep their digits. */
export function parseBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  try {
    if (!longNumber.test(text)) return JSON.parse(text);
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === 'number' && context?.source !== undefined && String(value) !== context.source
        ? rawJSON(context.source)
        : value,
    );
  } catch {
    return undefined;
  }
}
