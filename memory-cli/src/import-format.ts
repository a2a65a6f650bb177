// The formats that `episode import` reads.

/** Names of the formats, as `--from` takes them. */
export const IMPORT_FORMATS = ['generic', 'claude-code', 'swe-agent', 'tau-bench'] as const;
export type ImportFormat = (typeof IMPORT_FORMATS)[number];
