import { describeWriteFaults } from '../support/writeFaults.ts';

describeWriteFaults(true);
