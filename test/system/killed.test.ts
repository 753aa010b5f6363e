import { describeKills } from '../support/killLoop.ts';

// A few rounds here; test/long has all fifty.
describeKills(3);
