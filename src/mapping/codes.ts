/** Codes of what can be wrong with a mapping, and with a row under a mapping. */
export const mappingCodes = {
  'mapping-invalid':
    'The mapping has something that cannot be right. File, line and column stand before each complaint; all of them are listed, not just the first.',
  'mapping-unreadable': 'The mapping file is not there, cannot be read, is not text, or is far too large.',
  'value-missing':
    'The cell is empty though the mapping says that this field needs a value (`required: true` or `onEmpty: reject`).',
  'value-string': 'A piece of text was expected, and the row holds an object, a list or half a character there.',
  'value-integer':
    'The text is no integer. Leading zeros are refused, because a number cannot keep them: keep such a column as `type: string`.',
  'value-number':
    'The text is no number as the mapping describes it. Thousands separators and decimal commas must be declared.',
  'value-boolean': 'The text is none of the words for true and false that the mapping lists.',
  'value-date':
    'The text is no date of the declared format (`yyyy-MM-dd` where the mapping says no other, such as `format: dd/MM/yyyy`), or a day that does not exist.',
  'value-datetime':
    'The text is no date and time of the declared format (ISO 8601 where the mapping says no other, such as `format: dd/MM/yyyy HH:mm`), or one that does not exist.',
  'value-zone':
    'The text names a time without a zone, or with one that does not exist, so the moment is not known. Without one, say it in the mapping: `zone: Europe/Stockholm`.',
  'time-gap': 'The clocks were put forward over this time in its zone: it never was.',
  'time-ambiguous':
    'The clocks were put back over this time in its zone: it was twice. Say `ambiguous: earlier` or `later`.',
  'value-email':
    'The text is not one plain e-mail address such as `ada@example.com`: no name beside it, no second address, no blank around it (`trim: true` takes that off).',
  'value-enum': 'The value is not in the list of values that the mapping allows.',
  'value-json':
    'The text is not valid JSON, nests more than 1,000 levels deep, holds half of a character, or is not of the kind that the mapping says.',
  'value-list': 'A list was expected, and the row holds something else there.',
  'value-not-in-map':
    "The value is not in the field's `map:` (or in the file that it names), and the field has no `default:`.",
  'value-not-found': "The value is not in the file of the field's `lookup:`, and the field has no `default:`.",
  'group-key-missing':
    'The columns that `group:` names are empty in this row, so nobody knows which group it belongs to. Groups beside it are held back: it may be one of theirs.',
  'group-mixed':
    'Rows of one group are about different persons: the columns of `key:` differ. One item can be about one of them only.',
  'group-rejected':
    'Nothing is wrong with this row, but another row of its group is at fault, and a group is sent whole or not at all. Mend that row; `retry` sends the group.',
  'group-neighbour':
    'The row before or after this group cannot be read, or names no group. It may belong to this one, which would be sent without it.',
  'group-too-large':
    'More rows stand together in one group than the mapping allows (`group: { by, most }`), or they take more than 16 MiB.',
  'group-returns':
    'The key of a group came again further down, so its rows make two items. Sort the file by the columns of `group:` if that is not meant.',
  'group-differs':
    'Rows of one group differ in a column that a field of the item reads, and only the first row is read for it. Put the field into `each:` if every row has its own.',
  'group-torn':
    'Some rows of this group are missing here or were settled by an earlier run under another mapping. Part of a group is never sent.',
  'transform-failed':
    'The function that a `transform:` names (of a field, or of the mapping) failed for this row, or gave what cannot be sent.',
  'expression-failed':
    'The CEL expression could not be evaluated for this row: a conversion failed, a key is missing, or a number is out of range.',
  'expression-result':
    'The CEL expression gave something that cannot be sent: NaN, an infinity, bytes, a type, or half of a character.',
  'expression-too-heavy': 'The CEL expression would take too long on a row of this size.',
} as const satisfies Record<string, string>;

export type MappingCode = keyof typeof mappingCodes;
