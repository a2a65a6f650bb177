// Sees on its way which requests to be told of changes are open: the SDK serves `subscriptions/listen` of 2026-07-28
// itself and tells nobody, so that one would have to look for changes always, or never.
import { type JSONRPCMessage, SUBSCRIPTION_ID_META_KEY, type Transport } from '@modelcontextprotocol/server';
import type { Listening } from './connection.ts';

/** `transport`, with what passes through it noted in `listening`. */
export function noticingListeners(transport: Transport, listening: Listening): Transport {
  return {
    start: () => transport.start(),
    close: () => transport.close(),
    async send(message, options) {
      const id = acknowledgedId(message);
      // Who is told that it listens is told of all that changes from then on.
      if (id !== undefined) await listening.began(id);
      await transport.send(message, options);
    },
    get onmessage() {
      return transport.onmessage;
    },
    set onmessage(deliver) {
      transport.onmessage = (message, extra) => {
        const id = cancelledId(message);
        if (id !== undefined) void listening.ended(id);
        deliver?.(message, extra);
      };
    },
    get onclose() {
      return transport.onclose;
    },
    set onclose(close) {
      transport.onclose = close;
    },
    get onerror() {
      return transport.onerror;
    },
    set onerror(report) {
      transport.onerror = report;
    },
  };
}

function acknowledgedId(message: JSONRPCMessage): string | number | undefined {
  if (!('method' in message) || message.method !== 'notifications/subscriptions/acknowledged') return undefined;
  return idIn(message.params?._meta?.[SUBSCRIPTION_ID_META_KEY]);
}

function cancelledId(message: JSONRPCMessage): string | number | undefined {
  if (!('method' in message) || message.method !== 'notifications/cancelled') return undefined;
  return idIn(message.params?.requestId);
}

function idIn(value: unknown): string | number | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
