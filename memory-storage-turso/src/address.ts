// What a URL of a store says; settings are read by the same rule, so it is core's.
export { type Address, addressOf, pathOf } from '@episodica/memory-core';
