// Who is at work on something that several processes could do.

/** One may, and the others may again at `until`. */
export interface Lease {
  readonly holder: string;
  readonly until: string;
}
