import { useCompileCache } from '../../platform/compileCache.node.ts';

// First of all, so that what a verifying thread runs need not be compiled again: messages wait until it listens.
useCompileCache();
await import('./verifyingThread.node.ts');
