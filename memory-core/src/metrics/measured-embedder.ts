// An embedder whose calls are timed and counted under the name of its provider.
import type { Embedder } from '../ports/embedder.ts';
import type { Metrics } from '../ports/metrics.ts';
import { timed } from './timed.ts';

/** `embedder` as it is, told to `metrics`. */
export function measuredEmbedder(embedder: Embedder, metrics: Metrics): Embedder {
  const { model, isRemote, noise, trust, maxBatch } = embedder;
  const provider = model.split('/', 1)[0] ?? model;
  return {
    model,
    isRemote,
    noise,
    trust,
    maxBatch,
    async embed(texts, options) {
      const vectors = await timed(() => embedder.embed(texts, options), {
        done: (ms) => metrics.time('embedding', { provider }, ms),
        failed: (code) => metrics.count('embedding_failures', { provider, code }),
      });
      metrics.count('embedded_texts', { provider }, texts.length);
      return vectors;
    },
    async close() {
      await embedder.close?.();
    },
  };
}
