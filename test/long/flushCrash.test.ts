import { describeFlushCrashes } from '../support/flushCrashes.ts';

describeFlushCrashes(true);
