/** The emulated platforms: a plain list. A new one is a line here. */
import { datatalksEmulator } from './datatalks.ts';
import type { EmulatorType } from './emulator.ts';
import { raptorEmulator } from './raptor.ts';

export const emulatorTypes: readonly EmulatorType[] = [raptorEmulator, datatalksEmulator];
