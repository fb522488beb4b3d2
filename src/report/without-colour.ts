/** chalk reads the terminal and FORCE_COLOR, but not NO_COLOR (https://no-color.org). */
import chalk, { chalkStderr } from 'chalk';

export function withoutColour(): void {
  chalk.level = 0;
  chalkStderr.level = 0;
}
