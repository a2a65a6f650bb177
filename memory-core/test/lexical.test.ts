// The offline embedder: a fixed function of the text, in any script.
import { expect, test } from 'vitest';
import { lexicalEmbedder, lexicalVector } from '../src/embed/lexical.ts';
import { lexicon } from '../src/embed/lexicon.ts';

const words = lexicon();
const vectorOf = (text: string): Float32Array => lexicalVector(text, words);

const cosine = (a: string, b: string): number => {
  const other = vectorOf(b);
  return vectorOf(a).reduce((sum, value, index) => sum + value * other[index]!, 0);
};

test('a batch is answered with one vector for each text, in their order [EM-01]', async () => {
  const embedder = lexicalEmbedder();
  const vectors = await embedder.embed(['fix the login', 'add an index'], { purpose: 'document' });
  expect(vectors).toEqual([vectorOf('fix the login'), vectorOf('add an index')]);
});

test('a typing mistake is nearer than another word [EM-01]', () => {
  expect(cosine('authentication fails', 'authentcation fails')).toBeGreaterThan(
    cosine('authentication fails', 'pagination fails'),
  );
});

test.each([
  ['nothing', ''],
  ['blanks', ' \n\t '],
  ['symbols', '+++ === !!! 🎉'],
  ['half a character', '\ud800'],
  ['NUL', '\0'],
  ['stop words', 'to be or not to be'],
  ['Greek', 'διόρθωσε τη σύνδεση'],
  ['Chinese', '修复登录错误'],
  ['Arabic', 'إصلاح تسجيل الدخول'],
  ['Thai', 'แก้ไขการเข้าสู่ระบบ'],
  ['10 kB', 'find the flight that leaves first '.repeat(300)],
])('%s has a vector of length 1 [RE-09]', (_, text) => {
  const length = Math.hypot(...vectorOf(text));
  expect(Math.abs(length - 1)).toBeLessThan(1e-5);
});
