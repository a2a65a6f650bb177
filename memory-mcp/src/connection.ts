// One client's connection, as far as the server has to know who is asking. A process over stdio has one; over HTTP each
// session has its own.

/** Who asks. */
export interface Connection {
  readonly openEpisodes: OpenEpisodes;
  /** Whether others ask over it too, so that what was begun here may be another's. */
  readonly isShared: boolean;
  readonly listening: Listening;
}

/** Requests of 2026-07-28 to be told of changes, which the SDK serves: known here so that somebody looks for changes. */
export interface Listening {
  readonly isOpen: boolean;
  /** Resolves when changes are told from now on. */
  began(id: string | number): Promise<void>;
  ended(id: string | number): Promise<void>;
  /** Called whenever that changed. One listener: the server of the connection. */
  onChange: (() => Promise<void>) | undefined;
}

/** Episodes that were begun here and have not ended: whoever asks a question is at work on them. */
export interface OpenEpisodes {
  began(id: string): void;
  ended(id: string): void;
  ids(): readonly string[];
}

/** As many as a question may leave out; the oldest are found again. */
const MAX_OPEN_EPISODES = 100;

/** A connection over which nothing was begun yet. */
export function newConnection(): Connection {
  return { openEpisodes: openEpisodes(), isShared: false, listening: listening() };
}

function openEpisodes(): OpenEpisodes {
  const open = new Set<string>();
  return {
    began(id) {
      open.add(id);
      for (const oldest of open) {
        if (open.size <= MAX_OPEN_EPISODES) return;
        open.delete(oldest);
      }
    },
    ended: (id) => void open.delete(id),
    ids: () => [...open],
  };
}

function listening(): Listening {
  const open = new Set<string | number>();
  return {
    get isOpen() {
      return open.size > 0;
    },
    async began(id) {
      open.add(id);
      await this.onChange?.();
    },
    async ended(id) {
      if (open.delete(id)) await this.onChange?.();
    },
    onChange: undefined,
  };
}
