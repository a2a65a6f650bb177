// Which resources there are: those that stand by themselves, and a record each.

import { legible } from '@episodica/memory-core/wire';
import type {
  Resource as ListedResource,
  ReadResourceResult,
  ResourceTemplateType as ResourceTemplate,
} from '@modelcontextprotocol/server';
import type { CodeModeRights } from '../code-mode/methods.ts';
import type { Services } from '../services.ts';
import { addressOf, EPISODE_TEMPLATE, PATTERN_TEMPLATE, recordAt, unknownResource } from './address.ts';
import { listedRecords } from './list.ts';
import { projectsResource } from './projects.ts';
import { readRecord } from './records.ts';
import { forModels, RECORD_TYPE, type Resource } from './resource.ts';
import { sandboxResources } from './sandbox.ts';

/** The resources that `services` can serve; `rights` are those of programs in the sandbox. */
export function resourcesFor(
  { sandbox, backend }: Pick<Services, 'sandbox' | 'backend'>,
  rights: CodeModeRights,
): Resources {
  const fixed = [projectsResource(backend.get), ...(sandbox === undefined ? [] : sandboxResources(rights))];
  return {
    async list(cursor, signal) {
      if (cursor !== undefined) return listedRecords(cursor, { backend: await backend.get(), signal });
      const standing = fixed.map((one) => one.listed());
      // These are there also while the store cannot be opened: what is wrong with it is said by who reads or calls.
      const opened = await backend.get().catch(() => undefined);
      if (opened === undefined) return { resources: standing };
      const { resources, ...next } = await listedRecords(undefined, { backend: opened, signal });
      return { resources: [...standing, ...resources], ...next };
    },
    async read(uri, signal) {
      const found = fixed.find((one) => one.uri === uri);
      if (found !== undefined) return found.read(signal);
      const address = recordAt(uri);
      if (address === undefined) throw unknownResource(uri, uris(fixed));
      const text = await readRecord(address, { backend: await backend.get(), signal });
      return { contents: [{ uri, mimeType: RECORD_TYPE, text: legible(text) }] };
    },
    plain(uri) {
      if (fixed.some((one) => one.uri === uri)) return uri;
      const address = recordAt(uri);
      if (address === undefined) throw unknownResource(uri, uris(fixed));
      return addressOf(address.kind, address.id);
    },
  };
}

/** As the protocol asks for them. */
export interface Resources {
  list(
    cursor: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly resources: readonly ListedResource[]; readonly nextCursor?: string }>;
  /** @throws ResourceNotFoundError that says which there are */
  read(uri: string, signal: AbortSignal): Promise<ReadResourceResult>;
  /** The address under which changes of it are told; of a record also where it is not there. @throws ResourceNotFoundError */
  plain(uri: string): string;
}

function uris(resources: readonly Resource[]): readonly string[] {
  return resources.map(({ uri }) => uri);
}

/** Addresses of records, of which there are more than a list has. */
export const RESOURCE_TEMPLATES: readonly ResourceTemplate[] = [
  {
    uriTemplate: EPISODE_TEMPLATE,
    name: 'episode',
    title: 'Episode',
    description:
      'One attempt at one task: what was to be done, how it ended, what it taught, and its steps. Read it when a hit of ' +
      'query_memory is worth knowing whole. Where it has more steps than fit, next_steps is the address of the rest.',
    mimeType: RECORD_TYPE,
    annotations: forModels({ priority: 0.5 }),
  },
  {
    uriTemplate: PATTERN_TEMPLATE,
    name: 'pattern',
    title: 'Pattern',
    description:
      'One regularity over many episodes with its figures, history and evidence. Read it before you rely on one.',
    mimeType: RECORD_TYPE,
    annotations: forModels({ priority: 0.3 }),
  },
];
