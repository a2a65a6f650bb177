// Agents that go with the test, however it ends.
import { type Agent, type Orders, startAgent } from '@episodica/soak';
import { onTestFinished } from 'vitest';

export function started(orders: Orders): Agent {
  const agent = startAgent(orders);
  onTestFinished(() => agent.kill());
  return agent;
}
