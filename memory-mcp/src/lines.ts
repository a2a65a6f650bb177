// Bytes as they come in, cut into lines. Holds one unfinished line, and never more of it than a line may have.

const NEWLINE = 0x0a;
/** A buffer that a long line made larger than this is not kept for the next one. */
const MAX_KEPT_BYTES = 65_536;

/** A line without its end, or word that one was too long and is passed over. */
export type Line = Buffer | 'too long';

/** Cuts a stream into lines. */
export class LineCutter {
  readonly #maxBytes: number;
  /** The beginning of a line whose end has not come yet: the first bytes of a buffer that doubles, however small the pieces are. */
  #begun: Buffer = Buffer.alloc(0);
  #begunBytes = 0;
  /** Inside a line that is too long. */
  #isPassingOver = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in `chunk`; one that is too long is told as soon as that is known. They are good until the next call. */
  cut(chunk: Buffer): readonly Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      const piece = chunk.subarray(from, end);
      from = end + 1;
      if (this.#isPassingOver) this.#isPassingOver = false;
      else if (this.#begunBytes + piece.length > this.#maxBytes) lines.push(this.#tooLong());
      else lines.push(this.#whole(piece));
    }
    const rest = chunk.subarray(from);
    if (this.#isPassingOver) return lines;
    if (this.#begunBytes + rest.length > this.#maxBytes) {
      lines.push(this.#tooLong());
      this.#isPassingOver = true;
    } else this.#keep(rest);
    return lines;
  }

  /** What stands behind the last end of a line, when nothing more comes. */
  rest(): readonly Line[] {
    return this.#begunBytes === 0 ? [] : [this.#whole(Buffer.alloc(0))];
  }

  #whole(piece: Buffer): Buffer {
    if (this.#begunBytes === 0) return piece;
    this.#keep(piece);
    const line = Buffer.from(this.#begun.subarray(0, this.#begunBytes));
    this.#forget();
    return line;
  }

  #tooLong(): Line {
    this.#forget();
    return 'too long';
  }

  #keep(piece: Buffer): void {
    const neededBytes = this.#begunBytes + piece.length;
    if (neededBytes > this.#begun.length) {
      const larger = Buffer.alloc(Math.max(neededBytes, Math.min(this.#begun.length * 2, this.#maxBytes)));
      this.#begun.copy(larger, 0, 0, this.#begunBytes);
      this.#begun = larger;
    }
    piece.copy(this.#begun, this.#begunBytes);
    this.#begunBytes = neededBytes;
  }

  #forget(): void {
    this.#begunBytes = 0;
    if (this.#begun.length > MAX_KEPT_BYTES) this.#begun = Buffer.alloc(0);
  }
}
