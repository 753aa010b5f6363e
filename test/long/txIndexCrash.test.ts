import { describeTxIndexCrashes } from '../support/txIndexCrashes.ts';

describeTxIndexCrashes(true);
