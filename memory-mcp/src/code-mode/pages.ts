// Pages of rows: small enough that neither their making nor their sending holds the process for long.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Json } from '@episodica/memory-core';
import * as z from 'zod';

/** Rows of one page. */
export const MAX_PAGE_ROWS = 500;
/** Characters of the rows of one page as JSON, passed by its last row. */
const MAX_PAGE_CHARACTERS = 262_144;

/** A page that is being filled. */
export interface FillingPage {
  readonly size: number;
  readonly isFull: boolean;
  add(row: Json): void;
  /** The answer of a paged method. `behind`: where the next page begins; null where this was the last. */
  ended(behind: Json): Promise<Json>;
}

/** An empty page. */
export function fillingPage(): FillingPage {
  const items: Json[] = [];
  let characters = 0;
  return {
    get size() {
      return items.length;
    },
    get isFull() {
      return items.length >= MAX_PAGE_ROWS || characters >= MAX_PAGE_CHARACTERS;
    },
    add(row) {
      items.push(row);
      characters += JSON.stringify(row).length;
    },
    async ended(behind) {
      // What comes behind makes text of all of it at once: it begins with a fresh turn.
      await nextTurn();
      return { items, next: behind === null ? null : { page: behind } };
    },
  };
}

/**
 * Where a page begins that goes on behind another; nothing for what a program gave as its second argument. No program
 * is told of this form, and one that makes it up only reads what it may read anyway.
 */
export function pageBehind<T>(schema: z.ZodType<T>, given: Json | undefined): T | undefined {
  return z.strictObject({ page: schema }).safeParse(given).data?.page;
}

/** Whether a second argument is such a place, of any method. */
export function isPageBehind(given: Json | undefined): boolean {
  return pageBehind(z.looseObject({}), given) !== undefined;
}
