import { describeWriteFaults } from '../support/writeFaults.ts';

// Some faults here; test/long has every one at every write.
describeWriteFaults(false);
