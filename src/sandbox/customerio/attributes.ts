/** How the platform stores attributes. */
import { isObject, part, type Values } from './validate.ts';

export interface Attributes {
  [name: string]: unknown;
}

/** Named ones are added or changed, others stay; null and "" remove (contract §6). Dotted names reach inside the preferences (§2.3). */
export function mergeAttributes(into: Attributes, changes: Values): void {
  for (const [name, value] of Object.entries(changes)) {
    const [first, section, entry] = name.split('.');
    if (first === 'cio_subscription_preferences' && section !== undefined && entry !== undefined) {
      const preferences = isObject(into[first]) ? into[first] : {};
      into[first] = { ...preferences, [section]: { ...part(preferences, section), [entry]: value } };
    } else if (value === null || value === '') delete into[name];
    else into[name] = value;
  }
}
