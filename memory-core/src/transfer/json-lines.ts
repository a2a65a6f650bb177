// A file of JSON lines as records: lines that are no JSON become named failures and the rest goes on.
import { LIMITS } from '../limits.ts';
import { PositionedRecord, UnreadableRecord } from './import.ts';

/** Records of the lines of a text, each with its line number. Empty lines are passed over. */
export async function* readJsonLines(
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<PositionedRecord> {
  let position = 0;
  for await (const line of lines) {
    position += 1;
    if (line.trim() === '') continue;
    yield new PositionedRecord(position, readLine(line, position));
  }
}

function readLine(line: string, position: number): unknown {
  if (line.length > LIMITS.importLineBytes) {
    return new UnreadableRecord(position, `is longer than ${LIMITS.importLineBytes} characters.`);
  }
  try {
    return JSON.parse(line) as unknown;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return new UnreadableRecord(position, `is not JSON: ${reason}.`);
  }
}
