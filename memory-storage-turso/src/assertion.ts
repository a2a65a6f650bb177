// As `node:assert`, which takes as long to load as reading a page of episodes: it is loaded when something is wrong.

/** @throws `AssertionError` for what can only be a mistake of this program */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) process.getBuiltinModule('node:assert').fail(message);
}
