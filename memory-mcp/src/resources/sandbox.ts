// What a program in the sandbox can use, and programs to start from.
import { declarations } from '../code-mode/declarations.ts';
import { examplesText } from '../code-mode/examples.ts';
import { type CodeModeRights, codeModeMethods } from '../code-mode/methods.ts';
import { defineResource, type Resource } from './resource.ts';

/** Where the declarations are, for those who point at them. */
export const DECLARATIONS_URI = 'memory://sandbox/memory.d.ts';
/** Where the examples are. */
export const EXAMPLES_URI = 'memory://sandbox/examples';

/** The resources of a server that has a sandbox. */
export function sandboxResources(rights: CodeModeRights): readonly Resource[] {
  const methods = codeModeMethods(rights);
  return [
    defineResource({
      uri: DECLARATIONS_URI,
      name: 'memory.d.ts',
      title: 'Types of the sandbox',
      description:
        'TypeScript declarations of all that a program of execute_code can use: memory with its arguments and answers, ' +
        'fs, console, input. Read it before a program that does more than the description of the tool shows.',
      mimeType: 'text/x-typescript',
      priority: 0.6,
      text: () => declarations(methods),
    }),
    defineResource({
      uri: EXAMPLES_URI,
      name: 'examples',
      title: 'Programs to start from',
      description:
        'Short programs for execute_code that answer questions over many episodes. Read it to change one instead of ' +
        'beginning from nothing.',
      mimeType: 'text/markdown',
      priority: 0.4,
      text: () => examplesText(rights),
    }),
  ];
}
