// Runs of the benchmarks in the sandbox: one that does not succeed ends the benchmark, for its time would mean nothing.
import type { RunRequest, RunResult, Sandbox } from '@episodica/memory-mcp/sandbox';

/** @throws when the program fails */
export async function succeeded(sandbox: Sandbox, request: RunRequest): Promise<RunResult & { readonly ok: true }> {
  const ran = await sandbox.run(request);
  if (!ran.ok) throw new Error(`A program of the benchmark failed: ${JSON.stringify(ran.error)}\n${request.code}`);
  return ran;
}
