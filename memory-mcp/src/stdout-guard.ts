// Keeps standard output for the protocol: whoever is loaded behind this and prints, prints to standard error.
import { Console } from 'node:console';

const writeProtocol = process.stdout.write.bind(process.stdout);
globalThis.console = new Console(process.stderr, process.stderr);
// Workers' output and libraries that write to the stream itself come by this way.
process.stdout.write = process.stderr.write.bind(process.stderr);

/** Writes to the real standard output; `false` asks to wait for its `drain` event. */
export function writeToStdout(text: string): boolean {
  return writeProtocol(text);
}
