// Bytes as lines, however long a line is: past a limit the rest of it is passed over.

/**
 * The lines of a text, without their ends and without a byte order mark. Split at `\n` alone, because JSON may hold
 * every other separator. A line of more than `maxCharacters` comes as its first `maxCharacters + 1`.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>, maxCharacters: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = '';
  const keep = (text: string): void => {
    if (line.length <= maxCharacters) line += text.slice(0, maxCharacters + 1 - line.length);
  };
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    keep(first);
    for (const other of others) {
      yield line;
      line = '';
      keep(other);
    }
  }
  keep(decoder.decode());
  if (line !== '') yield line;
}
