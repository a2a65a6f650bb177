// A promise that a test settles when it wants to.

export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
}

// What `Promise.withResolvers` gives on newer versions of Node.
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
