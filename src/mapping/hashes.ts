/** Hash algorithms, as `node:crypto` calls them: for a field's `hash`, and as functions of expressions. */
export const hashes = ['sha256', 'sha512', 'sha1', 'md5'] as const;
