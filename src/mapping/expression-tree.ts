/**
 * A look at an expression before it is ever evaluated: which columns it reads, and whether it could grow out of hand. CEL
 * has no loops, yet a few nested or chained list macros can multiply without bound: `[x].map(y, y + y).map(y, y + y)…`.
 */
import { keptPattern, linearMatches } from './functions.ts';

export interface ExpressionUse {
  /** Names that are columns or mistakes, with where they first stand. */
  readonly names: ReadonlyMap<string, number>;
  /** Keys of `row["…"]`, likewise. */
  readonly rowKeys: ReadonlyMap<string, number>;
  /** `row` is used in other ways too, so all columns are needed. */
  readonly wholeRow: boolean;
  /** Every name of a member and every text in it: what it may read of the rows of a group. */
  readonly members: ReadonlySet<string>;
  /** How deep list macros stand inside each other. */
  readonly nesting: number;
  readonly faults: readonly { readonly offset: number; readonly text: string }[];
}

const mostMacros = 8;
const deepestMacros = 2;
/** How often, all macros multiplied, what is inside one may be repeated in its result. */
const mostGrowth = 256;

const macros = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);

interface TreeNode {
  readonly op: string;
  args: unknown;
  readonly pos?: number;
}

const isNode = (value: unknown): value is TreeNode =>
  typeof value === 'object' && value !== null && 'op' in value && typeof value.op === 'string' && 'args' in value;

const isId = (value: unknown): value is TreeNode & { args: string } =>
  isNode(value) && value.op === 'id' && typeof value.args === 'string';

const literalText = (value: unknown): string | undefined =>
  isNode(value) && value.op === 'value' && typeof value.args === 'string' ? value.args : undefined;

/** Also turns calls of `matches` into calls of the one that cannot backtrack. */
export function surveyExpression(tree: unknown): ExpressionUse {
  const names = new Map<string, number>();
  const rowKeys = new Map<string, number>();
  const members = new Set<string>();
  const faults: { offset: number; text: string }[] = [];
  let wholeRow = false;
  let nesting = 0;
  let macroCount = 0;
  let growth = 1;

  const note = (into: Map<string, number>, name: string, offset: number) => {
    if (!into.has(name)) into.set(name, offset);
  };

  const visit = (value: unknown, bound: readonly string[], depth: number): void => {
    if (Array.isArray(value)) {
      for (const inner of value) visit(inner, bound, depth);
      return;
    }
    if (!isNode(value)) return;
    const { op, args, pos = 0 } = value;
    const text = op === '.' && Array.isArray(args) ? args[1] : literalText(value);
    if (typeof text === 'string') members.add(text);
    if (isId(value)) {
      if (bound.includes(value.args)) return;
      if (value.args === 'row') wholeRow = true;
      else note(names, value.args, pos);
      return;
    }
    if ((op === '[]' || op === '.') && Array.isArray(args) && isId(args[0]) && args[0].args === 'row') {
      const key = op === '.' ? args[1] : literalText(args[1]);
      if (typeof key === 'string' && !bound.includes('row')) {
        note(rowKeys, key, pos);
        return;
      }
    }
    if (op === 'rcall' && Array.isArray(args)) {
      visitCall(value, args, bound, depth, pos);
      return;
    }
    visit(args, bound, depth);
  };

  const visitCall = (node: TreeNode, args: unknown[], bound: readonly string[], depth: number, pos: number): void => {
    const [name, receiver, given] = args;
    const inner: unknown[] = Array.isArray(given) ? given : [];
    if (name === 'matches') {
      const pattern = literalText(inner[0]);
      if (pattern !== undefined) {
        try {
          keptPattern(pattern);
        } catch (error) {
          faults.push({ offset: pos, text: error instanceof Error ? error.message : 'not a regular expression' });
        }
      }
      node.args = [linearMatches, receiver, given];
    }
    const variable = inner[0];
    const isBind = name === 'bind' && isId(receiver) && receiver.args === 'cel';
    if (typeof name !== 'string' || !macros.has(name) || !isId(variable) || (name === 'bind' && !isBind)) {
      visit(receiver, bound, depth);
      visit(inner, bound, depth);
      return;
    }
    macroCount++;
    const rest = inner.slice(1);
    // cel.bind's value is outside its scope; what a list macro goes over is its receiver.
    visit(isBind ? rest.shift() : receiver, bound, depth);
    const deeper = depth + (isBind ? 0 : 1);
    nesting = Math.max(nesting, deeper);
    growth *= Math.max(1, countUses(rest, variable.args));
    visit(rest, [...bound, variable.args], deeper);
  };

  visit(tree, [], 0);
  if (macroCount > mostMacros) faults.push({ offset: 0, text: `more than ${mostMacros} list macros` });
  if (nesting > deepestMacros) faults.push({ offset: 0, text: `list macros nested more than ${deepestMacros} deep` });
  if (growth > mostGrowth) faults.push({ offset: 0, text: 'its list macros could make a result without bound' });
  return { names, rowKeys, wholeRow, members, nesting, faults };
}

function countUses(value: unknown, name: string): number {
  if (Array.isArray(value)) return value.reduce<number>((sum, inner) => sum + countUses(inner, name), 0);
  if (!isNode(value)) return 0;
  return isId(value) ? Number(value.args === name) : countUses(value.args, name);
}
