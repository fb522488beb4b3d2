/**
 * Codes that targets give to faults and reasons, with the longer text for `cdp-load explain`. Stable: reports, rejects
 * files and people's scripts hold them.
 */
export const targetCodes = {
  'field-missing': 'The platform needs this field and the item does not have it.',
  'field-unknown':
    'The platform does not know this field: it would be dropped without a word, so the item is refused here.',
  'field-type': 'The value has a type that the platform refuses or drops for this field.',
  'field-range': 'The value is outside what the platform can hold for this field.',
  'field-format': 'The text does not have the form that the platform demands for this field.',
  'field-email': 'The e-mail address has a form that the platform refuses.',
  'field-enum': 'The value is not in the declared list for this field.',
  'field-null': 'A null stands where the platform refuses one.',
  'id-missing': 'The item has no usable id, so the platform could not tell whom it is about.',
  'settings-invalid':
    'The settings of the operation (or of the target) are missing something, contradict each other, or cannot work.',
  'operation-unknown': 'The target has no operation of this name.',
  'item-empty': 'Nothing is left in the item: every value is empty. The platform would accept it and drop it later.',
  'item-too-large': 'The item alone is larger than the platform takes.',
  'too-many-parts': 'The item has more parts (properties, elements) than the platform takes.',
  'destructive-name':
    'The name of this event deletes or blocks people. It must be asked for as an operation of its own.',
  'may-trigger-campaigns':
    'The event has no timestamp or one of the last 72 hours, so it can start campaigns: real messages to real people.',
  'beyond-workspace-limit':
    'The value is longer than the workspace behind the platform keeps, so it may be cut or dropped after it was accepted.',
  'epoch-milliseconds':
    'The number looks like milliseconds since 1970; the platform counts in seconds and would read a date in the far future.',
  'internal-id': "The id has the form of the platform's own internal ids and would be read as one.",
  'platform-rejected': 'The platform refused these items. Its own words stand in the reason.',
  'platform-too-large': 'The platform says that the request is too large (413).',
  unauthorized: 'The platform does not accept the credentials (401).',
  forbidden: 'The platform forbids the call (403).',
  'not-found': 'The platform does not know the address or the record (404).',
  'bad-request':
    'The platform could not read the request (400): a fault of this program or of something between it and the platform.',
  'rate-limited': 'The platform asks to slow down (429).',
  'server-error': 'The platform failed to answer properly (5xx).',
  'timed-out': 'No complete answer came in time.',
  'no-connection': 'No connection to the platform could be made, or it was cut.',
  redirected:
    'The platform answered with a redirect. It is never followed: that would hand the credentials to another host.',
  'unexpected-status': 'The platform answered with a status that its contract does not name.',
  'check-skipped': 'The platform took the item without the check that was asked for.',
  'sync-check-unavailable': 'The data centre of this account does not offer the check that was asked for.',
  'profile-too-large':
    'The item is larger than what the platform puts into a profile: it would be stored in the lake, and dropped from the profile without a word.',
  'id-repeated':
    'An id that the platform keeps only one item of came before in this input. What becomes of the others stands in the message; the platform says nothing of it.',
  'text-empty': 'A field goes out as an empty text, where the platform advises null.',
  'reply-unreadable': 'The platform answered with success but in a form that says nothing of the items.',
} as const satisfies Record<string, string>;

export type TargetCode = keyof typeof targetCodes;
