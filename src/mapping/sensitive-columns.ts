/** Columns whose values no message and no report shows: those that a field marked `sensitive` reads, by name or in an expression. */
import { compileExpression } from './expression.ts';
import type { Mapping } from './mapping.ts';

export function sensitiveColumns(mapping: Mapping): ReadonlySet<string> {
  const marked = mapping.entries.flatMap(({ fields }) => fields).filter(({ sensitive }) => sensitive === true);
  return new Set(marked.flatMap(({ from = [], expr }) => [...from, ...(expr === undefined ? [] : columnsIn(expr))]));
}

function columnsIn(expression: string): readonly string[] {
  const compiled = compileExpression(expression, { kind: 'ndjson' }, { expects: 'any' });
  return 'evaluate' in compiled ? compiled.columns : [];
}
