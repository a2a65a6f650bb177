// Arguments of a tool call that are no object. The SDK would answer them with an error of the protocol, in its own words;
// a model can mend them when the tool answers as it does to any other argument that is wrong.
import type { JSONRPCMessage } from '@modelcontextprotocol/server';

/** The one name of the object that such arguments travel in. No tool has an argument of this name. */
const GIVEN = '\0given';

/** Makes the arguments of `message`, a message just read that nobody else holds, pass for an object. */
export function wrapArguments(message: JSONRPCMessage): void {
  if (!('method' in message) || message.method !== 'tools/call' || message.params === undefined) return;
  const { arguments: given } = message.params;
  if (given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given))) return;
  message.params.arguments = { [GIVEN]: given };
}

/** The arguments as they were sent. */
export function argumentsIn(given: Readonly<Record<string, unknown>> | undefined): unknown {
  return given !== undefined && Object.hasOwn(given, GIVEN) ? given[GIVEN] : given;
}
