import { describeDownloadKills } from '../support/downloadKills.ts';

// A few rounds here; test/long has all fifty.
describeDownloadKills(5);
