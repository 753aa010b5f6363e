import { describeTxIndexCrashes } from '../support/txIndexCrashes.ts';

// Some ways to fail here; test/long has all of them.
describeTxIndexCrashes(false);
