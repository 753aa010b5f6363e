import { describeDownloadKills } from '../support/downloadKills.ts';

describeDownloadKills(50);
