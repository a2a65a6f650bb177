// What is said of a project that nothing is known of, wherever one is named.
import { oneLine } from './clip.ts';

const NAME_CHARACTERS = 200;

/** `isOnly`: nothing else was looked at, not even what belongs to no project. */
export function unknownProjectText(project: string, { isOnly }: { readonly isOnly: boolean }): string {
  const what = `No episode belongs to the project ${JSON.stringify(oneLine(project, NAME_CHARACTERS))}`;
  if (isOnly) return `${what}. Check its name.`;
  return `${what}; what is found belongs to none. Check its name, or search all projects (scope "all").`;
}
