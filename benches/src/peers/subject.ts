// What is compared: a sandbox behind the little that all of them have.

/** The limits that every subject is given. */
export const LIMITS = { timeoutMs: 1_000, memoryMb: 64 } as const;

/** A program, in pieces, because every subject hands over its result in a way of its own. */
export interface Program {
  readonly body: string;
  /** An expression. */
  readonly result: string;
  readonly isTypeScript?: boolean;
}

/** How a program ended, in the words of the subject. */
export interface Ending {
  readonly isValue: boolean;
  /** The value as text, or the code or name of the error and its message. */
  readonly text: string;
  /** Line and column of an error, as the subject tells them. */
  readonly place?: string;
}

/** A sandbox under comparison. */
export interface Subject {
  run(program: Program): Promise<Ending>;
  /** Runs a whole program as it stands. */
  runAsIs(code: string): Promise<Ending>;
}

/** @param folder where the packages of the subject were installed */
export type OpenSubject = (folder: string) => Promise<Subject>;

/** A value that a program gave, as text. */
export function valueEnding(value: unknown): Ending {
  return { isValue: true, text: textOf(value) };
}

/** What a subject threw or answered as its error. */
export function errorEnding(error: unknown): Ending {
  const { name, code, message, stack } = fieldsOf(error);
  // The first frame with a place in it; peers name the program's file in ways of their own.
  const [, place] = /:(\d+:\d+)\)?$/m.exec(stack) ?? [];
  const kind = [code, name].filter((word) => word !== '' && word !== 'Error').join(' ');
  const text = `${kind}: ${message}`;
  return { isValue: false, text, ...(place === undefined ? {} : { place }) };
}

function fieldsOf(error: unknown): { name: string; code: string; message: string; stack: string } {
  const field = (key: string): string => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
    return typeof value === 'string' ? value : '';
  };
  const message = typeof error === 'object' ? field('message') : String(error);
  return { name: field('name'), code: field('code'), message, stack: field('stack') };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value.length > 100 ? `a string of ${value.length} characters` : value;
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return 'a value with a cycle in it';
  }
}
