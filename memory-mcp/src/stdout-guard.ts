// Keeps standard output for the protocol: whoever is loaded behind this and prints, prints to standard error.
import { Console } from 'node:console';

/** The real standard output, for its events. Only `writeToStdout` writes to it. */
export const protocolOutput: NodeJS.WriteStream = process.stdout;
const writeProtocol = protocolOutput.write.bind(protocolOutput);
globalThis.console = new Console(process.stderr, process.stderr);
// Workers' output and libraries that write to the stream itself come by this way, and none of them ends it.
Object.defineProperty(process, 'stdout', { get: () => process.stderr, configurable: true, enumerable: true });
// For who got hold of the stream by another way.
protocolOutput.write = process.stderr.write.bind(process.stderr);

/** Writes to the real standard output; `written` is called when the system has it, or nobody takes it any more. */
export function writeToStdout(text: string, written?: () => void): void {
  writeProtocol(text, written);
}
