import { inMemoryStore } from '@episodica/memory-core';
import { storeSuite } from '@episodica/test-utils';

storeSuite({ name: 'in memory', open: async () => inMemoryStore() });
