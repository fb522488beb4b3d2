/** Random damage to a text that was good: bytes, lines and words taken out, doubled, moved, and replaced by what hurts. */
import fc from 'fast-check';

type Draw = fc.GeneratorValue;

const oddities = [
  '',
  ' ',
  '\n',
  '  ',
  ': ',
  '- ',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '<<: *a',
  '!!set ',
  '? ',
  '| ',
  '>',
  '#',
  'null',
  '~',
  '__proto__',
  'constructor',
  'true',
  '-1',
  '1e999',
  '0x10',
  '.nan',
  '12345678901234567890',
  '2024-01-01',
  '\u0000',
  '\u0007',
  '\ufeff',
  '\ud83d',
  '🐢',
  '"\\ud800"',
  `\${NOT_SET}`,
  `\${file:/nowhere}`,
  '{ expr: "x.map(a, a)" }',
  'expr: row["x"]',
  'x'.repeat(5000),
];

const among = (draw: Draw, length: number): number => draw(fc.nat, Math.max(0, length));

/** @param more texts of the same kind, of which lines and words are taken too */
export function mutated(draw: Draw, text: string, more: readonly string[] = []): string {
  let damaged = text;
  for (let round = 1 + draw(fc.nat, 4); round > 0; round--) damaged = damagedOnce(draw, damaged, more);
  return damaged;
}

function damagedOnce(draw: Draw, text: string, more: readonly string[]): string {
  const other = more[among(draw, more.length - 1)] ?? text;
  const start = among(draw, text.length);
  const end = Math.min(text.length, start + draw(fc.nat, 40));
  const oddity = oddities[among(draw, oddities.length - 1)] ?? '';
  const lines = text.split('\n');
  const line = among(draw, lines.length - 1);
  switch (draw(fc.nat, 6)) {
    case 0:
      return text.slice(0, start) + text.slice(end);
    case 1:
      return text.slice(0, start) + oddity + text.slice(start);
    case 2:
      return text.slice(0, start) + oddity + text.slice(end);
    case 3:
      return lines.toSpliced(line, 0, lines[among(draw, lines.length - 1)] ?? '').join('\n');
    case 4:
      return lines.toSpliced(line, 1 + draw(fc.nat, 3)).join('\n');
    case 5: {
      const others = other.split('\n');
      return lines.with(line, others[among(draw, others.length - 1)] ?? '').join('\n');
    }
    default: {
      // A value in place of another one.
      const values = [...other.matchAll(/: (\S[^\n]*)/g)].map(([, value = '']) => value);
      const value = values[among(draw, values.length - 1)] ?? oddity;
      return lines
        .with(
          line,
          (lines[line] ?? '').replace(/: .*$/, () => `: ${draw(fc.boolean) ? oddity : value}`),
        )
        .join('\n');
    }
  }
}
