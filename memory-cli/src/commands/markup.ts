// Text of others within SVG and HTML: shown as data, whatever it is.
import { onOneLine } from '../output.ts';

/** What no XML may hold, however it is written. */
const UNPRINTABLE = /[\p{Surrogate}\ufffe\uffff]/gu;

/** A text on one line as the content of an element, or within an attribute in double quotes. */
export function escaped(text: string): string {
  return onOneLine(text)
    .replace(UNPRINTABLE, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
