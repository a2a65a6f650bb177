// What the demo prints, and how: plain text, with colour only where the terminal takes it.

const hasColor = process.stdout.isTTY === true && process.stdout.hasColors();
const paint =
  (code: number) =>
  (text: string): string =>
    hasColor ? `\u001b[${code}m${text}\u001b[0m` : text;

export const bold: (text: string) => string = paint(1);
export const dim: (text: string) => string = paint(2);
export const red: (text: string) => string = paint(31);
export const green: (text: string) => string = paint(32);

export function heading(text: string): void {
  console.log(`\n${bold(text)}`);
}

export function say(text: string): void {
  console.log(`  ${text}`);
}

/** Text that somebody else said: a test run, the memory. */
export function quote(text: string): void {
  for (const line of text.split('\n').flatMap((whole) => wrapped(whole, 108))) console.log(dim(`    │ ${line}`));
}

/** The beginning and the end of a text that is too long to be read in passing. */
export function middleOut(text: string): string {
  return text.length <= 330 ? text : `${text.slice(0, 150).trimEnd()} … ${text.slice(-170).trimStart()}`;
}

/** Lines of at most `width` characters, broken at spaces where there are any. */
function wrapped(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const space = text.lastIndexOf(' ', width);
  const end = space > width / 2 ? space : width;
  return [text.slice(0, end), ...wrapped(text.slice(end).trimStart(), width)];
}
