// What we measure of density-clustering, which comes without types.
declare module 'density-clustering' {
  class DBSCAN {
    run<T>(dataset: readonly T[], epsilon: number, minPoints: number, distance: (a: T, b: T) => number): number[][];
  }
  const library: { readonly DBSCAN: typeof DBSCAN };
  export = library;
}
