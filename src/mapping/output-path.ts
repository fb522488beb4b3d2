/** Output paths: `Address.City` nests, `a\.b` is one key with a full stop in it. */

/** The path's keys, or undefined when one of them is empty. */
export function outputSteps(name: string): string[] | undefined {
  const steps = name.split(/(?<!\\)\./).map((step) => step.replaceAll('\\.', '.'));
  return steps.some((step) => step === '') ? undefined : steps;
}

/** The steps as one text that no other steps have. */
export const outputName = (steps: readonly string[]): string =>
  steps.map((step) => step.replaceAll('.', '\\.')).join('.');
