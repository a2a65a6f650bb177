// Which resources there are.
import type { CodeModeRights } from '../code-mode/methods.ts';
import type { Services } from '../services.ts';
import type { Resource } from './resource.ts';
import { sandboxResources } from './sandbox.ts';

/** The resources that `services` can serve; `rights` are those of programs in the sandbox. */
export function resourcesFor({ sandbox }: Pick<Services, 'sandbox'>, rights: CodeModeRights): readonly Resource[] {
  return sandbox === undefined ? [] : sandboxResources(rights);
}
