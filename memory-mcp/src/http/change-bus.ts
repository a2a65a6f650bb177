// Changes of the memory for who listens without a session. Those with a session are told by their own servers.
import { InMemoryServerEventBus, type ServerEventBus } from '@modelcontextprotocol/server';
import { resourceEvents } from '../events.ts';
import type { Services } from '../services.ts';
import { holdingChanges } from '../serving/disclosure.ts';

/** What those who listen are told by. */
export interface ChangeBus extends ServerEventBus {
  /** Resolves when who has subscribed is told of all that changes from now on. */
  settled(): Promise<void>;
}

interface Following {
  settled(): Promise<void>;
  stop(): void;
}

/** Follows what changes while somebody listens, and not else: following asks the store. */
export function changeBus(services: Services): ChangeBus {
  const bus = new InMemoryServerEventBus();
  let following: Following | undefined;
  return {
    publish: (event) => bus.publish(event),
    subscribe(listener) {
      const leave = bus.subscribe(listener);
      following ??= follow(services, bus);
      return () => {
        leave();
        if (bus.listenerCount > 0) return;
        following?.stop();
        following = undefined;
      };
    },
    settled: async () => following?.settled(),
  };
}

function follow(services: Services, bus: ServerEventBus): Following {
  const stopResources = resourceEvents(services)((event) => bus.publish(event));
  // Nobody knows which list each of them was told, but only that it is another one now.
  const holding = holdingChanges(services, () => bus.publish({ kind: 'tools_list_changed' }));
  return {
    settled: async () => void (await Promise.all([services.changes.settled(), holding.settled()])),
    stop() {
      stopResources();
      holding.stop();
    },
  };
}
