/**
 * Given to a zod schema that is to parse something once, such as a config: zod compiles a schema to a function when it first parses
 * with it, which takes longer than the parsing that it speeds up.
 */
export const readOnce = { jitless: true } as const;
