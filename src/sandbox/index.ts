/** The emulated platforms: a plain list. A new one is a line here. */

import { adobeEmulator } from './adobe.ts';
import { customerioEmulator } from './customerio.ts';
import { datatalksEmulator } from './datatalks.ts';
import type { EmulatorType } from './emulator.ts';
import { raptorEmulator } from './raptor.ts';
import { relay42Emulator } from './relay42.ts';

export const emulatorTypes: readonly EmulatorType[] = [
  raptorEmulator,
  adobeEmulator,
  relay42Emulator,
  customerioEmulator,
  datatalksEmulator,
];
