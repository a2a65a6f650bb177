// How similar two texts seem to a model that have nothing to do with each other. Models differ in this by far: what is
// close for one is far for another, so it is measured with each, once.

/**
 * Texts of which no two are about the same thing, as different in length and kind as what agents ask and record.
 * A change of them is a change of what the number means for every model that was measured before.
 */
export const UNRELATED_TEXTS: readonly string[] = Object.freeze([
  'Make the date picker remember the last month that was shown',
  'Passengers want a refund when their flight leaves four hours late',
  'Segmentation fault while freeing the second buffer in the audio decoder',
  'Translate the onboarding emails into Portuguese',
  'Rotate the signing key of the staging certificate authority',
  'Why does the nightly backup of the warehouse take eleven hours?',
  'Count how many lines of each log mention a refused login',
  'Replace the hand-written parser for arithmetic with a grammar',
  'A customer returned two pairs of shoes and kept the third',
  'The camera preview is upside down on tablets',
  'Give the team in Lagos read access to the billing dashboard',
  'Lint rule that forbids nested ternaries',
  'Simulate the orbit of a small moon with a larger time step',
  'Shrink the container image by dropping the compiler',
  'pip cannot find a version of numpy that satisfies the requirement',
  'Write release notes for the accessibility changes',
  'Add keyboard shortcuts for moving cards between columns',
  'Payments in yen are rounded to two decimals',
  'Convert the old forum posts from HTML to Markdown',
  'Train the classifier again without the mislabelled photographs',
  'Deadlock between the mail queue and the template cache',
  'Rename every occurrence of colour to color in the public headers',
  'Which shard holds the sessions of guests?',
  'Plot rainfall against harvest for each province',
  'Permission denied when the deploy script copies systemd units',
  'Fold long lines in the invoice PDF',
  'Let players rejoin a match after their connection drops',
  'Property tests for the interval tree',
  'Book a table for six near the conference venue',
  'Reduce flicker of the e-paper display at low temperature',
]);

/** Of pairs of unrelated texts, this share lies below the noise. */
const QUANTILE = 0.99;

/** The cosine that one pair in a hundred of these vectors exceeds. They have length 1, and are of unrelated texts. */
export function noiseOf(vectors: readonly Float32Array[]): number {
  const cosines = vectors.flatMap((one, index) => vectors.slice(index + 1).map((other) => dot(one, other)));
  cosines.sort((a, b) => a - b);
  return cosines[Math.floor(cosines.length * QUANTILE)] ?? 0;
}

function dot(one: Float32Array, other: Float32Array): number {
  return one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}
