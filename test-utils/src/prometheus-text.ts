// The text format of Prometheus, read as strictly as it is written.
import { expect } from 'vitest';

/** All samples of one figure. */
export interface PrometheusFamily {
  readonly type: string;
  readonly samples: { readonly name: string; readonly labels: ReadonlyMap<string, string>; readonly value: number }[];
}

const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{(.*)\})? ([0-9.e+-]+)$/isu;
const LABEL = /^([a-z_][a-z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)/iu;

/** Reads the text as strictly as the format is written, and fails where it is not kept. */
export function readPrometheus(text: string): ReadonlyMap<string, PrometheusFamily> {
  expect(text === '' || text.endsWith('\n')).toBe(true);
  const families = new Map<string, PrometheusFamily>();
  let current: { readonly name: string; readonly family: PrometheusFamily } | undefined;
  let helped = '';
  for (const line of text.split('\n').slice(0, -1)) {
    const [, about, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/u.exec(line) ?? [];
    if (about === 'HELP') {
      helped = name;
    } else if (about === 'TYPE') {
      expect([helped, families.has(name)]).toEqual([name, false]);
      current = { name, family: { type: rest, samples: [] } };
      families.set(name, current.family);
    } else {
      const [, sampled = '', labels = '', value] = SAMPLE.exec(line) ?? [];
      expect(value, line).toBeDefined();
      const suffixes = current?.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      expect(suffixes.map((suffix) => `${current?.name}${suffix}`)).toContain(sampled);
      current?.family.samples.push({ name: sampled, labels: labelsIn(labels), value: Number(value) });
    }
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkBuckets(name, family);
  return families;
}

function labelsIn(text: string): ReadonlyMap<string, string> {
  const labels = new Map<string, string>();
  for (let rest = text; rest !== ''; ) {
    const match = LABEL.exec(rest);
    expect(match, rest).not.toBeNull();
    const [whole = '', name = '', value = ''] = match ?? [];
    expect(labels.has(name)).toBe(false);
    labels.set(name, value);
    rest = rest.slice(whole.length);
  }
  return labels;
}

/** Bounds rise, counts never fall, and the last is the count of all. */
function checkBuckets(name: string, { samples }: PrometheusFamily): void {
  let before = { le: 0, count: 0 };
  for (const sample of samples) {
    if (sample.name === `${name}_bucket`) {
      const le = sample.labels.get('le') === '+Inf' ? Number.POSITIVE_INFINITY : Number(sample.labels.get('le'));
      expect(le).toBeGreaterThan(before.le);
      expect(sample.value).toBeGreaterThanOrEqual(before.count);
      before = { le, count: sample.value };
    } else if (sample.name === `${name}_count`) {
      expect(before).toEqual({ le: Number.POSITIVE_INFINITY, count: sample.value });
      before = { le: 0, count: 0 };
    }
  }
}
