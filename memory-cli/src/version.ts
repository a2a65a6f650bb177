/** Put in place of the name when the program is bundled. */
declare const PROGRAM_VERSION: string;

/** Of this program. */
export const VERSION: string = PROGRAM_VERSION;
