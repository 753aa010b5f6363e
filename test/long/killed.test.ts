import { describeKills } from '../support/killLoop.ts';

describeKills(50);
