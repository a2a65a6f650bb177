// Exit codes beside those that the library's errors have: what ended so is no error of the library.

/** `episode import`: some records could not be read; the rest is imported. */
export const SOME_FAILED = 1;

/** `doctor`: it found problems. */
export const PROBLEMS_FOUND = 1;

/** `eval`: the program failed, and not we. */
export const PROGRAM_FAILED = 8;

/** Ended in order because SIGTERM asked for it: as a shell tells of what that signal ends. */
export const TERMINATED = 143;

/** A mistake of this program. */
export const INTERNAL_ERROR = 70;
