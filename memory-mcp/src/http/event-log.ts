// What was sent over the streams of sessions, for a while: a client whose stream broke off is sent what it missed.
import type { EventStore, JSONRPCMessage } from '@modelcontextprotocol/server';

/** How much is kept. The newest event of a session is, whatever its size. */
export interface EventLogLimits {
  readonly sessionEvents: number;
  readonly sessionBytes: number;
  readonly bytes: number;
}

const DEFAULT_LIMITS: EventLogLimits = Object.freeze({
  sessionEvents: 500,
  sessionBytes: 4 * 1_048_576,
  bytes: 64 * 1_048_576,
});

/** The events of one session, in the form that the SDK asks for. */
export interface SessionEvents extends EventStore {
  /** Whether what was sent behind this event is still known. */
  has(eventId: string): boolean;
  /** Forgets all of them. */
  clear(): void;
}

interface LoggedEvent {
  readonly id: string;
  readonly streamId: string;
  /** The message as JSON. */
  readonly text: string;
  readonly own: OwnEvents;
}

interface OwnEvents {
  /** Oldest first. */
  readonly events: Map<string, LoggedEvent>;
  bytes: number;
}

/** The events of all sessions of a process. What is too much goes oldest first, so that no gap is ever replayed over. */
export class EventLog {
  readonly #limits: EventLogLimits;
  /** Oldest first. */
  readonly #events = new Map<string, LoggedEvent>();
  #bytes = 0;
  #newest = 0;

  constructor(limits: Partial<EventLogLimits> = {}) {
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
  }

  /** A part of it that no other session sees. */
  session(): SessionEvents {
    const own: OwnEvents = { events: new Map(), bytes: 0 };
    return {
      has: (eventId) => own.events.has(eventId),
      storeEvent: async (streamId, message) => this.#store({ streamId, text: JSON.stringify(message), own }),
      replayEventsAfter: (lastEventId, { send }) => replay(own.events, { lastEventId, send }),
      clear: () => {
        for (const event of own.events.values()) this.#remove(event);
      },
    };
  }

  #store(event: Omit<LoggedEvent, 'id'>): string {
    const { own } = event;
    this.#newest += 1;
    const id = String(this.#newest);
    const stored = { ...event, id };
    this.#events.set(id, stored);
    own.events.set(id, stored);
    this.#bytes += stored.text.length;
    own.bytes += stored.text.length;
    const { sessionEvents, sessionBytes, bytes } = this.#limits;
    for (const oldest of own.events.values()) {
      if (oldest === stored || (own.events.size <= sessionEvents && own.bytes <= sessionBytes)) break;
      this.#remove(oldest);
    }
    for (const oldest of this.#events.values()) {
      if (oldest === stored || this.#bytes <= bytes) break;
      this.#remove(oldest);
    }
    return id;
  }

  #remove({ id, text, own }: LoggedEvent): void {
    this.#events.delete(id);
    own.events.delete(id);
    this.#bytes -= text.length;
    own.bytes -= text.length;
  }
}

interface Replay {
  readonly lastEventId: string;
  readonly send: Parameters<EventStore['replayEventsAfter']>[1]['send'];
}

/** The map itself is walked, not a copy: what is stored while events are sent is sent too. */
async function replay(events: ReadonlyMap<string, LoggedEvent>, { lastEventId, send }: Replay): Promise<string> {
  const last = events.get(lastEventId);
  if (last === undefined) throw new Error('The event is no longer known.');
  let isBehind = false;
  for (const { id, streamId, text } of events.values()) {
    if (isBehind && streamId === last.streamId && text !== PRIMING) await send(id, messageOf(text));
    if (id === lastEventId) isBehind = true;
  }
  return last.streamId;
}

/** What the SDK stores for the event with which a stream begins: a place to resume from, and no message. */
const PRIMING = '{}';

/** It was stored as one. */
function messageOf(text: string): JSONRPCMessage {
  return JSON.parse(text);
}
