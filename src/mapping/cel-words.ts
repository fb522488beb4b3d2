/** What the CEL library says, in words of the expression rather than of its parser. */
import { didYouMean } from './complaint.ts';
import { extraFunctions } from './functions.ts';

const tokens: Readonly<Record<string, string>> = {
  EOF: 'the end of the expression',
  LPAREN: '"("',
  RPAREN: '")"',
  LBRACKET: '"["',
  RBRACKET: '"]"',
  LBRACE: '"{"',
  RBRACE: '"}"',
  COMMA: '","',
  COLON: '":"',
};
const tokenName = new RegExp(`\\b(?:${Object.keys(tokens).join('|')})\\b`, 'g');
const noSuchCall = /^found no matching overload for '(?:([\w<>, ]+)\.)?(\w+)\((.*)\)'$/;

const known: ReadonlyMap<string, string> = new Map(
  extraFunctions.map(({ signature }) => [/^\w+/.exec(signature)?.[0] ?? '', signature]),
);

export function inPlainWords(says: string): string {
  const [, receiver, name, given] = noSuchCall.exec(says) ?? [];
  if (name === undefined) return says.replace(tokenName, (token) => tokens[token] ?? token);
  const signature = known.get(name);
  const called = `${receiver === undefined ? '' : `${receiver}.`}${name}(${given})`;
  if (signature !== undefined) return `no such call: ${called}; the function is ${signature}`;
  const near = didYouMean(name, [...known.keys()]);
  return `no such call: ${called}${near || '; docs/mapping.md lists the functions, and those of CEL work too'}`;
}
