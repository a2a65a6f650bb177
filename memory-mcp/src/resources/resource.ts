// What a resource is: a text under an address, which a client reads when it wants to know more.
import type { Resource as ListedResource, ReadResourceResult } from '@modelcontextprotocol/server';

/** A resource as its author writes it. */
export interface ResourceDefinition {
  readonly uri: string;
  /** The end of its address: how clients name it in a list. */
  readonly name: string;
  readonly title: string;
  /** What it tells, then when to read it. */
  readonly description: string;
  readonly mimeType: string;
  /** Made anew by each reading. */
  text(): string;
}

/** A resource as the server serves it. */
export interface Resource {
  readonly uri: string;
  listed(): ListedResource;
  read(): ReadResourceResult;
}

/** Puts the form of the protocol around a text. */
export function defineResource({ uri, mimeType, text, ...told }: ResourceDefinition): Resource {
  return {
    uri,
    // For the model; a person reads documentation.
    listed: () => ({ uri, mimeType, ...told, annotations: { audience: ['assistant'] } }),
    read: () => ({ contents: [{ uri, mimeType, text: text() }] }),
  };
}
