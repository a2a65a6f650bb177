// Recommendation, patterns and feedback, as an agent asks for them.
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aBaseline, aPattern, anEvidence, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { remembered, startServer, temporaryFolder } from './client.ts';
