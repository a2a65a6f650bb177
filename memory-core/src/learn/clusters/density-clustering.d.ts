// What we use of density-clustering, which comes without types.
declare module 'density-clustering' {
  /** Points are the indexes of `dataset`. What begins with an underscore is replaced before the run. */
  class DBSCAN {
    run(dataset: readonly unknown[], epsilon: number, minPts: number): number[][];
    _regionQuery: (point: number) => number[];
    _mergeArrays: (into: number[], from: number[]) => number[];
  }
  const library: { readonly DBSCAN: typeof DBSCAN };
  export = library;
}
