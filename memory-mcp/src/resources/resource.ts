// What a resource is: a text under an address, which a client reads when it wants to know more.
import { legible } from '@episodica/memory-core/wire';
import type { Annotations, Resource as ListedResource, ReadResourceResult } from '@modelcontextprotocol/server';

/** A resource as its author writes it. */
export interface ResourceDefinition {
  readonly uri: string;
  /** The end of its address: how clients name it in a list. */
  readonly name: string;
  readonly title: string;
  /** What it tells, then when to read it. */
  readonly description: string;
  readonly mimeType: string;
  /** 0–1: how much a client that has room for a few only should want it. */
  readonly priority: number;
  /** Made anew by each reading. */
  text(signal: AbortSignal): string | Promise<string>;
}

/** A resource as the server serves it. */
export interface Resource {
  readonly uri: string;
  listed(): ListedResource;
  read(signal: AbortSignal): Promise<ReadResourceResult>;
}

/** Records are told in the words of the tools' results: a text in JSON cannot pass for anything but a text. */
export const RECORD_TYPE = 'application/json';

/** Puts the form of the protocol around a text. */
export function defineResource({ uri, mimeType, priority, text, ...told }: ResourceDefinition): Resource {
  return {
    uri,
    listed: () => ({ uri, mimeType, ...told, annotations: forModels({ priority }) }),
    read: async (signal) => ({ contents: [{ uri, mimeType, text: legible(await text(signal)) }] }),
  };
}

/** For the model; a person reads documentation, and records in the terminal. */
export function forModels(more: Pick<Annotations, 'priority' | 'lastModified'>): Annotations {
  return { audience: ['assistant'], ...more };
}
