/**
 * A page of the cookbook, as a play: files that are laid down and commands that are typed, in the order in which they stand.
 * What the commands answer is never typed by hand: `make-cookbook.ts` writes it, and a test plays each page again.
 */

/** A fence that names a path: ```` ```csv people.csv ````. */
export interface PageFile {
  readonly kind: 'file';
  readonly path: string;
  readonly text: string;
}

/** A fence ```` ```console ````: lines that begin with `$ ` are typed, the others are what they answer. */
export interface Session {
  readonly kind: 'session';
  readonly commands: readonly string[];
  /** Where its inside stands in the page. */
  readonly from: number;
  readonly to: number;
}

const fence = /^```(\S*)(?: (\S+))?\n([\s\S]*?)^```$/gm;
const prompt = '$ ';

/** @throws RangeError for a fence that nobody would check */
export function scenesOf(page: string): readonly (PageFile | Session)[] {
  return [...page.matchAll(fence)].map((match): PageFile | Session => {
    const [whole, language = '', path, inside = ''] = match;
    if (path !== undefined) return { kind: 'file', path, text: inside };
    if (language !== 'console') throw new RangeError(`a fence is neither a file nor a console: ${whole.slice(0, 60)}`);
    const to = match.index + whole.length - '```'.length;
    const lines = inside.split('\n');
    if (lines[0]?.startsWith(prompt) !== true) throw new RangeError(`a console begins with no command: ${lines[0]}`);
    const commands = lines.filter((line) => line.startsWith(prompt)).map((line) => line.slice(prompt.length));
    return { kind: 'session', commands, from: to - inside.length, to };
  });
}

export const sessionText = (exchanges: readonly { readonly command: string; readonly answer: string }[]): string =>
  exchanges.map(({ command, answer }) => `${prompt}${command}\n${endedLine(answer)}`).join('');

const endedLine = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
