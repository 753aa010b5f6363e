import { describePastCrashes } from '../chain/pastCrashes.ts';

describePastCrashes(true);
