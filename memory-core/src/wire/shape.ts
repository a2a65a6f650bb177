// Shapes of arguments: what a strict object is made of.
import type { z } from 'zod';

/** A schema for each field of `T`. */
export type ShapeOf<T> = { readonly [K in keyof T]-?: z.ZodType<T[K]> };
