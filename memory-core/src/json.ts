// Values as JSON has them, and how absence is written.

/** Whatever JSON can say. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

/** An object of JSON. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/** `T` with every property that is `undefined` left out. */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Leaves out properties that are `undefined`: absent is absent, in memory as in a row. Shallow. */
export function defined<T extends object>(value: T): Defined<T> {
  const entries = Object.entries(value).filter(([, property]) => property !== undefined);
  // `Object.entries` loses the keys' types; filtering is exactly what `Defined` says.
  return Object.fromEntries(entries) as Defined<T>;
}
